using Pyro.Trees;
using Pyro.Trees.Tar;

namespace Pyro.Workspaces.Files;

/// <summary>What is brought into a workspace: it writes itself as a tar archive.</summary>
internal abstract class PushSource
{
    /// <summary>What it is: <c>git</c>, <c>directory</c> or <c>archive</c>.</summary>
    internal abstract string Origin { get; }

    /// <summary>Writes all of it.</summary>
    /// <exception cref="TreeException">Something in it is refused, or cannot be read.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal abstract void Send(ITarOutput output);

    /// <summary>Looks what a path on the host is.</summary>
    /// <exception cref="PyroException">It is nothing that can be pushed.</exception>
    internal static Task<PushSource> OpenAsync(string path, CancellationToken cancellationToken) => Task.Run(() => Open(path), cancellationToken);

    private static PushSource Open(string path)
    {
        if (Directory.Exists(path))
            return (PushSource?)GitSource.TryOpen(path) ?? new DirectorySource(path);
        if (!File.Exists(path))
            throw new PyroException(ErrorCodes.NotFound, $"there is no file or folder {path}", "Name a folder, or a .tar, .tar.gz or .tgz archive.");
        if (!HasArchiveName(path))
            throw new PyroException(ErrorCodes.InvalidArgument, $"{path} is neither a folder nor a .tar, .tar.gz or .tgz archive", "To bring one file in, write it: pyro workspace file write");
        return new ArchiveSource(path);
    }

    private static bool HasArchiveName(string path)
    {
        string[] endings = [".tar", ".tar.gz", ".tgz"];
        return endings.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
    }
}
