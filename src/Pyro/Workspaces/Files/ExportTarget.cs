using System.Text;
using Microsoft.Win32.SafeHandles;
using Pyro.Protocol;
using Pyro.Trees;
using Pyro.Trees.Tar;
using PrivateFile = Pyro.Files.PrivateFile;

namespace Pyro.Workspaces.Files;

/// <summary>
/// Where an export goes: a new private folder beside its target, in which all of it is made, and then one rename. What comes
/// from the guest is hostile: nothing is made outside of that folder.
/// </summary>
internal sealed class ExportTarget : IDisposable
{
    // Who may enter a file system may not become somebody else by a file that a guest made.
    private const ushort NoSetuid = 0x1ff;

    private readonly string _output;
    private readonly string _folderPath;
    private readonly bool _overwrite;
    private readonly byte[] _nameZ;
    private int _parent;
    private int _folder;

    private ExportTarget(string output, string folderPath, bool overwrite, int parent, int folder)
    {
        _output = output;
        _folderPath = folderPath;
        _overwrite = overwrite;
        _nameZ = Encoding.UTF8.GetBytes(Path.GetFileName(output) + "\0");
        _parent = parent;
        _folder = folder;
    }

    private static ReadOnlySpan<byte> TopNameZ => "top\0"u8;

    /// <summary>Makes the folder.</summary>
    /// <exception cref="PyroException">The target is there and not to be overwritten, or its folder cannot be written to.</exception>
    internal static ExportTarget Create(string output, bool overwrite)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output));
        string? parentPath = Path.GetDirectoryName(full);
        if (parentPath is null)
            throw Refused($"{full} cannot be written to", "Name a file or folder that is not there yet.");
        if (!overwrite && Path.Exists(full))
            throw Taken(full);
        try
        {
            Directory.CreateDirectory(parentPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PyroException(ErrorCodes.ExportRefused, $"the folder {parentPath} cannot be made: {e.Message}", "Choose an output path that you may write to.", e);
        }

        int parent = -1;
        try
        {
            parent = DirectorySource.OpenFolder(parentPath);
            string name = ".pyro-export-" + Guid.NewGuid().ToString("N");
            byte[] nameZ = Encoding.UTF8.GetBytes(name + "\0");
            Check(TreeCalls.MakeDirectory(parent, nameZ, 0x1c0), name);
            int folder = TreeCalls.Open(parent, nameZ, TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY);
            Check(folder, name);
            return new ExportTarget(full, Path.Combine(parentPath, name), overwrite, parent, folder);
        }
        catch (TreeException e)
        {
            TreeCalls.Close(ref parent);
            throw Refused($"nothing can be written to {parentPath}: it {e.Message}", "Choose an output path that you may write to.");
        }
    }

    /// <summary>Makes what the guest sends, in the folder.</summary>
    internal TransferResult Receive(GuestTool tool, CancellationToken cancellationToken)
    {
        using var input = new ToolTarInput(tool, cancellationToken);
        using var extractor = new TreeExtractor(_folder, new ExtractionRules { ModeMask = NoSetuid, RefuseOutsideLinks = false });
        try
        {
            extractor.Extract(new TarReader(input));
            Check(TreeCalls.Status(_folder, TopNameZ, out FileStatus top), "what came from the guest");
            return new TransferResult(extractor.Entries, extractor.Bytes, top.Kind == FileKind.Directory ? "directory" : "file");
        }
        catch (TreeException e)
        {
            throw FileFailure.From(e, ErrorCodes.ExportRefused);
        }
    }

    /// <summary>Makes a file that is empty and its owner's alone, in the folder.</summary>
    internal SafeFileHandle CreateFile() => PrivateFile.Create(Path.Combine(_folderPath, "top"));

    /// <summary>Puts it in its place.</summary>
    /// <exception cref="PyroException">Something came to be there meanwhile.</exception>
    internal void Commit()
    {
        int result = TreeCalls.Rename(_folder, TopNameZ, _parent, _nameZ, TreeCalls.RENAME_NOREPLACE);
        if (result == -Errno.EEXIST && _overwrite)
            result = TreeCalls.Rename(_folder, TopNameZ, _parent, _nameZ, TreeCalls.RENAME_EXCHANGE);
        // Some file systems know neither.
        if (result == -Errno.EINVAL && (_overwrite || !Path.Exists(_output)))
            result = TreeCalls.Rename(_folder, TopNameZ, _parent, _nameZ, 0);
        if (result == -Errno.EEXIST)
            throw Taken(_output);
        if (result < 0)
            throw Refused($"{_output} {TreeException.FromErrno(-result, _output).Message}", "Choose another output path.");
    }

    public void Dispose()
    {
        TreeCalls.Close(ref _folder);
        TreeCalls.Close(ref _parent);
        try
        {
            // Links in it are removed, not followed.
            Directory.Delete(_folderPath, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Its name says what it is, and it holds nothing that anybody waits for.
        }
    }

    private static PyroException Taken(string output) => new(ErrorCodes.Exists, $"{output} is already there", "Choose another output path, or have it replaced: --overwrite");

    private static PyroException Refused(string message, string hint) => new(ErrorCodes.ExportRefused, message, hint);

    private static void Check(int result, string name)
    {
        if (result < 0)
            throw TreeException.FromErrno(-result, name);
    }
}
