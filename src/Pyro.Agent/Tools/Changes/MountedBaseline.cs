using System.Text;
using Pyro.Protocol;
using Pyro.Trees;

namespace Pyro.Agent.Tools.Changes;

/// <summary>The tree as it was, where it is mounted.</summary>
internal sealed class MountedBaseline : IBaseline
{
    private int _root;
    private byte[]? _openPath;
    private int _open = -1;

    /// <param name="path">The tree's root.</param>
    public MountedBaseline(string path)
    {
        _root = TreeCalls.OpenPath([.. Encoding.UTF8.GetBytes(path), 0], TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY);
        if (_root < 0 && _root != -Errno.ENOENT)
            throw TreeException.FromErrno(-_root, path);
        if (_root >= 0 && TreeCalls.Status(_root, out FileStatus status) == 0)
            Root = new OldEntry([], status.Inode, FileKind.Directory);
    }

    public OldEntry? Root { get; }

    public List<OldEntry> Names(OldEntry directory)
    {
        int fd = Open(directory, TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY);
        var entries = new List<OldEntry>();
        foreach ((byte[] name, _) in DirectoryReader.Read(fd, directory.Path))
        {
            if (TreeCalls.Status(fd, name, out FileStatus status) == 0)
                entries.Add(new OldEntry(ChangesWalk.Join(directory.Path, name.AsSpan(0, name.Length - 1)), status.Inode, status.Kind));
        }

        TreeCalls.Close(ref fd);
        return entries;
    }

    public TreeSide Describe(OldEntry entry)
    {
        FileStatus status = StatusOf(entry);
        return new TreeSide(status.Kind, status.Mode, status.Size, false);
    }

    public int Read(OldEntry entry, ulong offset, Span<byte> buffer)
    {
        if (entry.Kind == FileKind.Link)
        {
            int length = offset == 0 ? TreeCalls.ReadLink(_root, [.. entry.Path, 0], buffer) : 0;
            return length >= 0 ? length : throw TreeException.FromErrno(-length, entry.Path);
        }

        if (!ReferenceEquals(_openPath, entry.Path))
        {
            TreeCalls.Close(ref _open);
            (_open, _openPath) = (Open(entry, TreeCalls.O_RDONLY), entry.Path);
        }

        int count = DeviceCalls.ReadAt(_open, buffer, (long)offset);
        return count >= 0 ? count : throw TreeException.FromErrno(-count, entry.Path);
    }

    public bool IsSame(OldEntry entry, in FileStatus now)
    {
        FileStatus old = StatusOf(entry);
        return old.Version == now.Version && old.Kind == now.Kind && old.Mode == now.Mode && old.ModifiedNanoseconds == now.ModifiedNanoseconds;
    }

    public void Dispose()
    {
        TreeCalls.Close(ref _open);
        TreeCalls.Close(ref _root);
    }

    private FileStatus StatusOf(OldEntry entry)
        => TreeCalls.Status(_root, [.. entry.Path, 0], out FileStatus status) is 0 ? status : throw new TreeException(ToolFailure.SystemError, TreeException.Text(entry.Path), "cannot be read as it was");

    private int Open(OldEntry entry, int flags)
        => TreeCalls.OpenBeneath(_root, [.. entry.Path, 0], flags) is int fd and >= 0 ? fd : throw new TreeException(ToolFailure.SystemError, TreeException.Text(entry.Path), "cannot be opened as it was");
}
