using Pyro.Protocol;
using Pyro.Trees;
using Pyro.Trees.Ext4;

namespace Pyro.Agent.Tools.Changes;

/// <summary>
/// Finds the paths that may have changed, in the order of their bytes within each directory. Of a directory that is what
/// it was, only the names are read, to find those of files that are not.
/// </summary>
internal sealed class ChangesWalk
{
    // Each level is one of calls.
    private const int MaxDepth = 1000;
    private const int MostPathBytes = 16 << 20;

    private readonly IBaseline _baseline;
    private readonly HashSet<uint>? _changed;
    private readonly Ext4Volume? _now;
    private readonly WorkRoot _root;
    private readonly uint _most;
    private readonly ulong _device;
    private readonly List<Candidate> _candidates = [];
    private int _pathBytes;
    private bool _tooDeep;

    /// <param name="baseline">The tree as it was.</param>
    /// <param name="changed">The inodes that may have changed; null if that is not known.</param>
    /// <param name="now">The device that the tree is on; null if the inodes are not known.</param>
    /// <param name="root">The tree as it is.</param>
    /// <param name="most">The most paths to find.</param>
    /// <param name="device">The file system that the tree is on: what is mounted in it is not part of it.</param>
    private ChangesWalk(IBaseline baseline, HashSet<uint>? changed, Ext4Volume? now, WorkRoot root, uint most, ulong device)
    {
        _baseline = baseline;
        _changed = changed;
        _now = now;
        _root = root;
        _most = most;
        _device = device;
    }

    /// <summary>Does it.</summary>
    public static List<Candidate> Find(IBaseline baseline, HashSet<uint>? changed, Ext4Volume? now, WorkRoot root, uint most, out bool truncated)
    {
        int result = TreeCalls.Status(root.Directory, out FileStatus status);
        if (result < 0)
            throw TreeException.FromErrno(-result, root.Path);
        var walk = new ChangesWalk(baseline, changed, now, root, most, status.Device);
        walk.Directory(baseline.Root is { Kind: FileKind.Directory } old ? old : null, status.Inode, [], 0);
        truncated = walk.IsFull || walk._tooDeep;
        return walk._candidates;
    }

    private bool IsFull => _candidates.Count >= _most || _pathBytes > MostPathBytes;

    internal static byte[] Join(ReadOnlySpan<byte> directory, ReadOnlySpan<byte> name)
        => directory.IsEmpty ? name.ToArray() : [.. directory, (byte)'/', .. name];

    private bool MayDiffer(ulong inode) => _changed is null || _changed.Contains((uint)inode);

    /// <summary>Compares two directories of one path.</summary>
    private void Directory(OldEntry? old, ulong inode, byte[] path, int depth)
    {
        if (_now is not null && old is not null && old.Inode == inode && !MayDiffer(inode))
            UnchangedDirectory((uint)inode, path, depth);
        else if (ReadNames(inode, path) is { } names)
            ChangedDirectory(old, names, path, depth);
    }

    /// <summary>
    /// The names are the same as before; what is wanted are those of directories and of changed files. They are read from the
    /// device, whose cache the file system itself works on: opening and reading each directory would cost many times more.
    /// </summary>
    private void UnchangedDirectory(uint inode, byte[] path, int depth)
    {
        List<Ext4Name> found = _now!.ReadDirectory(_now.ReadInode(inode), _changed);
        found.Sort(static (a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        foreach (Ext4Name name in found)
        {
            byte[] child = Join(path, name.Name);
            Same(new OldEntry(child, name.Inode, name.Kind), name.Inode, name.Kind, child, depth);
        }
    }

    /// <summary>The names in a directory as it is; null if it is not there any more, or something is mounted over it.</summary>
    private List<DirectoryEntry>? ReadNames(ulong inode, byte[] path)
    {
        int fd = TreeCalls.OpenBeneath(_root.Directory, [.. path, 0], TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY | TreeCalls.O_NOFOLLOW);
        bool there = fd >= 0 && TreeCalls.Status(fd, out FileStatus status) == 0 && status.Device == _device && status.Inode == inode;
        List<DirectoryEntry>? names = there ? DirectoryReader.Read(fd, path) : null;
        TreeCalls.Close(ref fd);
        return names;
    }

    private void ChangedDirectory(OldEntry? old, List<DirectoryEntry> names, byte[] path, int depth)
    {
        List<OldEntry> olds = old is null ? [] : _baseline.Names(old);
        int o = 0;
        foreach (DirectoryEntry entry in names)
        {
            ReadOnlySpan<byte> name = entry.NameZ.AsSpan(0, entry.NameZ.Length - 1);
            while (o < olds.Count && olds[o].Name.SequenceCompareTo(name) < 0)
                Gone(olds[o++], depth);
            byte[] child = Join(path, name);
            if (o < olds.Count && olds[o].Name.SequenceEqual(name))
                Both(olds[o++], entry.Inode, entry.Kind, child, depth);
            else
                Came(entry.Inode, entry.Kind, child, depth);
        }

        while (o < olds.Count)
            Gone(olds[o++], depth);
    }

    private void Both(OldEntry old, ulong inode, FileKind kind, byte[] path, int depth)
    {
        if (old.Inode == inode && old.Kind == kind)
        {
            Same(old, inode, kind, path, depth);
            return;
        }

        // Another file of the same name.
        Add(new Candidate(path, old, inode));
        if (kind == FileKind.Directory)
            Descend(old.Kind == FileKind.Directory ? old : null, inode, path, depth);
        else if (old.Kind == FileKind.Directory)
            GoneBelow(old, depth);
    }

    /// <summary>A name that names the same inode as before.</summary>
    private void Same(OldEntry old, ulong inode, FileKind kind, byte[] path, int depth)
    {
        bool differs = MayDiffer(inode);
        if (_changed is null)
            differs = TreeCalls.Status(_root.Directory, [.. path, 0], out FileStatus now) == 0 && !_baseline.IsSame(old, now);
        if (differs)
            Add(new Candidate(path, old, inode));
        if (kind == FileKind.Directory)
            Descend(old, inode, path, depth);
    }

    private void Came(ulong inode, FileKind kind, byte[] path, int depth)
    {
        Add(new Candidate(path, null, inode));
        if (kind == FileKind.Directory)
            Descend(null, inode, path, depth);
    }

    private void Gone(OldEntry old, int depth)
    {
        Add(new Candidate(old.Path, old, 0));
        if (old.Kind == FileKind.Directory)
            GoneBelow(old, depth);
    }

    private void GoneBelow(OldEntry directory, int depth)
    {
        if (IsTooDeep(directory.Path, depth))
            return;
        foreach (OldEntry entry in _baseline.Names(directory))
            Gone(entry, depth + 1);
    }

    private void Descend(OldEntry? old, ulong inode, byte[] path, int depth)
    {
        if (!IsTooDeep(path, depth))
            Directory(old, inode, path, depth + 1);
    }

    private bool IsTooDeep(byte[] path, int depth)
    {
        if (depth < MaxDepth && path.Length < FileEntry.MaxPath - 256)
            return IsFull;
        return _tooDeep = true;
    }

    private void Add(Candidate candidate)
    {
        if (IsFull)
            return;
        _candidates.Add(candidate);
        _pathBytes += candidate.Path.Length;
    }
}
