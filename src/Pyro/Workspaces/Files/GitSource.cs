using System.Text;
using Pyro.Protocol;
using Pyro.Trees;
using Pyro.Trees.Tar;

namespace Pyro.Workspaces.Files;

/// <summary>
/// A Git checkout, or a folder in one: what Git tracks and what it neither tracks nor ignores. What was deleted and is
/// still tracked is left out. A submodule, or another checkout in it, brings what it has by the same rule; a submodule that
/// is not checked out is an empty folder.
/// </summary>
internal sealed class GitSource : PushSource
{
    private const int MostNested = 16;
    private readonly string _path;
    private readonly List<byte[]> _names;

    private GitSource(string path, List<byte[]> names)
    {
        _path = path;
        _names = names;
    }

    internal override string Origin => "git";

    /// <summary>Asks Git, where the folder is in a checkout.</summary>
    /// <returns>Null if it is in none, or ignored by the one it is in.</returns>
    /// <exception cref="PyroException">Git is not installed or fails.</exception>
    internal static GitSource? TryOpen(string path)
    {
        if (!IsInCheckout(path))
            return null;
        List<byte[]> names = GitCommand.ListFiles(path);
        // Git tells nothing of a folder that it ignores, and its user would wonder.
        return names.Count == 0 ? null : new GitSource(path, names);
    }

    internal override void Send(ITarOutput output)
    {
        var archive = new TarWriter(output);
        SendCheckout(archive, DirectorySource.OpenFolder(_path), _path, _names, [], 0);
        archive.Complete();
    }

    private static void SendCheckout(TarWriter archive, int root, string path, List<byte[]> names, byte[] prefix, int depth)
    {
        var sender = new TreeSender(archive, strict: true);
        using var folders = new FolderCache(root);
        foreach (byte[] name in names)
        {
            byte[] full = [.. prefix, .. name];
            int slash = name.AsSpan().LastIndexOf((byte)'/');
            int folder = folders.Enter(name.AsSpan(0, Math.Max(slash, 0)), (in FileStatus status, int length) => archive.AddDirectory(status, full.AsSpan(0, prefix.Length + length)));
            byte[] nameZ = [.. name.AsSpan(slash + 1), 0];
            // What is gone, or lies behind what is a link now, is deleted for Git too.
            if (folder < 0 || TreeCalls.Status(folder, nameZ, out FileStatus found) < 0)
                continue;
            if (found.Kind != FileKind.Directory)
                _ = sender.Send(folder, nameZ, found.Kind, full);
            else
                SendNested(archive, folder, nameZ, found, path + "/" + Encoding.UTF8.GetString(name), full, depth);
        }
    }

    private static void SendNested(TarWriter archive, int folder, byte[] nameZ, in FileStatus status, string path, byte[] full, int depth)
    {
        archive.AddDirectory(status, full);
        if (depth == MostNested || !Path.Exists(path + "/.git"))
            return;
        int nested = TreeCalls.Open(folder, nameZ, TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY);
        if (nested >= 0)
            SendCheckout(archive, nested, path, GitCommand.ListFiles(path), [.. full, (byte)'/'], depth + 1);
    }

    private static bool IsInCheckout(string path)
    {
        for (DirectoryInfo? folder = new(Path.GetFullPath(path)); folder is not null; folder = folder.Parent)
        {
            if (Path.Exists(Path.Combine(folder.FullName, ".git")))
                return true;
        }

        return false;
    }
}
