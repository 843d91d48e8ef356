using Pyro.Protocol;

namespace Pyro.Trees.Tar;

/// <summary>
/// Makes files from an archive below a directory. Nothing is ever made outside of it: names are checked, and each directory
/// on the way is opened by itself and never through a link. Descriptors of the current path are kept, so that a file
/// costs its own system calls and no more.
/// </summary>
public sealed class TreeExtractor : IDisposable
{
    private readonly int _root;
    private readonly ExtractionRules _rules;
    private readonly byte[] _path = new byte[TreePath.Longest + 1];
    private readonly byte[] _nameZ = new byte[TreePath.Longest + 1];
    private readonly byte[] _current = new byte[TreePath.Longest + 1];
    private readonly Stack<TreeLevel> _levels = new();

    /// <summary>For one extraction into a directory.</summary>
    /// <param name="root">Its descriptor, not owned.</param>
    /// <param name="rules">What to keep.</param>
    public TreeExtractor(int root, ExtractionRules rules)
    {
        _root = root;
        _rules = rules;
    }

    /// <summary>Entries made so far.</summary>
    public ulong Entries { get; private set; }

    /// <summary>Bytes of content written so far.</summary>
    public ulong Bytes { get; private set; }

    private int CurrentLength => _levels.TryPeek(out TreeLevel level) ? level.PathLength : 0;

    private int CurrentDirectory => _levels.TryPeek(out TreeLevel level) ? level.Directory : _root;

    /// <summary>Makes all that is in an archive.</summary>
    /// <exception cref="TreeException">An entry is refused, the archive makes no sense, or a system call failed.</exception>
    public void Extract(TarReader archive)
    {
        while (archive.Next())
            Make(archive);
        archive.Drain();
        while (_levels.Count > 0)
            Leave();
    }

    /// <summary>Closes what is open.</summary>
    public void Dispose()
    {
        while (_levels.TryPop(out TreeLevel level))
            TreeCalls.Close(ref level.Directory);
    }

    private void Make(TarReader entry)
    {
        if (entry.Name.Length > TreePath.Longest)
            throw new TreeException(ToolFailure.TooLarge, TreeException.Text(entry.Name[..100]) + "...", "the path is too long");
        if (!TreePath.TryClean(entry.Name, _path, out int length))
            throw Refused(entry.Name, "is no path below the destination");
        if (length == 0)
        {
            if (entry.Kind != TarKind.Directory)
                throw Refused(entry.Name, "has no name");
            return;
        }

        ReadOnlySpan<byte> path = _path.AsSpan(0, length);
        if (entry.Kind == TarKind.Directory)
        {
            MakeDirectory(path, entry);
        }
        else
        {
            int slash = path.LastIndexOf((byte)'/');
            Enter(slash < 0 ? default : path[..slash]);
            ReadOnlySpan<byte> nameZ = NameZ(path[(slash + 1)..]);
            switch (entry.Kind)
            {
                case TarKind.File:
                    MakeFile(path, nameZ, entry);
                    break;
                case TarKind.Link:
                    MakeLink(path, nameZ, entry);
                    break;
                case TarKind.HardLink:
                    MakeHardLink(path, nameZ, entry);
                    break;
                default:
                    throw Refused(path, "is a device, a pipe or something unknown");
            }
        }

        Entries++;
    }

    private void MakeFile(ReadOnlySpan<byte> path, ReadOnlySpan<byte> nameZ, TarReader entry)
    {
        const int Flags = TreeCalls.O_WRONLY | TreeCalls.O_CREAT | TreeCalls.O_EXCL;
        ushort mode = (ushort)(entry.Mode & _rules.ModeMask);
        int directory = CurrentDirectory;
        int file = TreeCalls.Open(directory, nameZ, Flags, mode & 0x1ffU);
        if (file == -Errno.EEXIST)
        {
            Replace(directory, nameZ, path);
            file = TreeCalls.Open(directory, nameZ, Flags, mode & 0x1ffU);
        }

        Check(file, path);
        try
        {
            if (entry.Sparse is { } parts)
                WriteSparse(file, path, entry, parts);
            else
                WriteWhole(file, path, entry);
            if (!_rules.NoUmask || (mode & 0xe00) != 0)
                Check(TreeCalls.SetMode(file, mode), path);
            Check(TreeCalls.SetModified(file, entry.ModifiedNanoseconds), path);
        }
        finally
        {
            TreeCalls.Close(ref file);
        }
    }

    private void WriteWhole(int file, ReadOnlySpan<byte> path, TarReader entry)
    {
        ReadOnlySpan<byte> part;
        while (!(part = entry.ReadContent()).IsEmpty)
        {
            Check(TreeCalls.WriteAll(file, part), path);
            Bytes += (ulong)part.Length;
        }
    }

    private void WriteSparse(int file, ReadOnlySpan<byte> path, TarReader entry, IReadOnlyList<SparsePart> parts)
    {
        Check(TreeCalls.Truncate(file, entry.Size), path);
        ReadOnlySpan<byte> content = default;
        foreach (SparsePart part in parts)
        {
            Check(TreeCalls.Seek(file, part.Offset), path);
            long rest = part.Length;
            while (rest > 0)
            {
                if (content.IsEmpty)
                    content = entry.ReadContent();
                int count = (int)Math.Min(content.Length, rest);
                Check(TreeCalls.WriteAll(file, content[..count]), path);
                content = content[count..];
                rest -= count;
                Bytes += (ulong)count;
            }
        }
    }

    private void MakeLink(ReadOnlySpan<byte> path, ReadOnlySpan<byte> nameZ, TarReader entry)
    {
        ReadOnlySpan<byte> target = entry.Link;
        if (target.IsEmpty || target.Length >= TreePath.Longest)
            throw Refused(path, "is a link to nothing");
        if (_rules.RefuseOutsideLinks && TreePath.Leaves(path, target))
            throw Refused(path, $"is a link that leads out: {TreeException.Text(target)}");

        Span<byte> targetZ = stackalloc byte[target.Length + 1];
        target.CopyTo(targetZ);
        targetZ[^1] = 0;
        int directory = CurrentDirectory;
        int result = TreeCalls.MakeLink(targetZ, directory, nameZ);
        if (result == -Errno.EEXIST)
        {
            Replace(directory, nameZ, path);
            result = TreeCalls.MakeLink(targetZ, directory, nameZ);
        }

        Check(result, path);
        Check(TreeCalls.SetModified(directory, nameZ, entry.ModifiedNanoseconds), path);
    }

    private void MakeHardLink(ReadOnlySpan<byte> path, ReadOnlySpan<byte> nameZ, TarReader entry)
    {
        Span<byte> target = stackalloc byte[TreePath.Longest + 1];
        if (entry.Link.Length > TreePath.Longest || !TreePath.TryClean(entry.Link, target, out int length) || length == 0)
            throw Refused(path, "is a link to no path below the destination");

        int slash = target[..length].LastIndexOf((byte)'/');
        target[length] = 0;
        int from = OpenDirectory(slash < 0 ? default : target[..slash], path);
        try
        {
            int directory = CurrentDirectory;
            ReadOnlySpan<byte> targetZ = target[(slash + 1)..(length + 1)];
            int result = TreeCalls.MakeHardLink(from, targetZ, directory, nameZ);
            if (result == -Errno.EEXIST && !target[..length].SequenceEqual(path))
            {
                Replace(directory, nameZ, path);
                result = TreeCalls.MakeHardLink(from, targetZ, directory, nameZ);
            }

            if (result == -Errno.ENOENT)
                throw Refused(path, $"is a link to what came not before it: {TreeException.Text(target[..length])}");
            Check(result, path);
        }
        finally
        {
            TreeCalls.Close(ref from);
        }
    }

    private void MakeDirectory(ReadOnlySpan<byte> path, TarReader entry)
    {
        Enter(path);
        // The mode waits: it may forbid to write into the directory.
        TreeLevel level = _levels.Pop();
        level.Mode = (ushort)(entry.Mode & _rules.ModeMask);
        level.ModifiedNanoseconds = entry.ModifiedNanoseconds;
        _levels.Push(level);
    }

    // Makes a directory the current one, and it and its parents where they are missing.
    private void Enter(ReadOnlySpan<byte> path)
    {
        int length = CurrentLength;
        if (path.SequenceEqual(_current.AsSpan(0, length)))
            return;

        while (_levels.Count > 0 && !IsBelow(path, _current.AsSpan(0, CurrentLength)))
            Leave();
        length = CurrentLength;
        while (length < path.Length)
        {
            int start = length == 0 ? 0 : length + 1;
            int slash = path[start..].IndexOf((byte)'/');
            int end = slash < 0 ? path.Length : start + slash;
            if (_levels.Count == TreePath.Deepest)
                throw new TreeException(ToolFailure.TooLarge, TreeException.Text(path), "the tree is too deep");
            EnterOne(path[start..end], path[..end]);
            length = end;
        }
    }

    private void EnterOne(ReadOnlySpan<byte> name, ReadOnlySpan<byte> path)
    {
        const int Flags = TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY;
        ReadOnlySpan<byte> nameZ = NameZ(name);
        int parent = CurrentDirectory;
        var level = new TreeLevel { PathLength = path.Length };
        int result = TreeCalls.MakeDirectory(parent, nameZ, 0x1ed);
        if (result is < 0 and not -Errno.EEXIST)
            Check(result, path);
        level.Directory = TreeCalls.Open(parent, nameZ, Flags);
        if (level.Directory is -Errno.ENOTDIR or -Errno.ELOOP)
            throw Refused(path, "is both a directory and something else");
        Check(level.Directory, path);
        if (result < 0 && TreeCalls.Status(level.Directory, out FileStatus status) == 0)
        {
            // It was left before, and is as it should be again when it is left the next time.
            level.Mode = status.Mode;
            level.ModifiedNanoseconds = status.ModifiedNanoseconds;
            if ((status.Mode & 0x1c0) != 0x1c0)
                _ = TreeCalls.SetMode(level.Directory, status.Mode | 0x1c0U);
        }

        path.CopyTo(_current);
        _levels.Push(level);
    }

    private void Leave()
    {
        TreeLevel level = _levels.Pop();
        ReadOnlySpan<byte> path = _current.AsSpan(0, level.PathLength);
        try
        {
            if (level.Mode is { } mode)
                Check(TreeCalls.SetMode(level.Directory, mode), path);
            if (level.ModifiedNanoseconds is { } modified)
                Check(TreeCalls.SetModified(level.Directory, modified), path);
        }
        finally
        {
            TreeCalls.Close(ref level.Directory);
        }
    }

    // For reading only, and never through a link.
    private int OpenDirectory(ReadOnlySpan<byte> path, ReadOnlySpan<byte> entry)
    {
        int directory = TreeCalls.Open(_root, ".\0"u8, TreeCalls.O_PATH | TreeCalls.O_DIRECTORY);
        Span<byte> nameZ = stackalloc byte[path.Length + 1];
        while (directory >= 0 && !path.IsEmpty)
        {
            int slash = path.IndexOf((byte)'/');
            ReadOnlySpan<byte> name = slash < 0 ? path : path[..slash];
            path = slash < 0 ? default : path[(slash + 1)..];
            name.CopyTo(nameZ);
            nameZ[name.Length] = 0;
            int parent = directory;
            directory = TreeCalls.Open(parent, nameZ[..(name.Length + 1)], TreeCalls.O_PATH | TreeCalls.O_DIRECTORY);
            TreeCalls.Close(ref parent);
        }

        return directory >= 0 ? directory : throw Refused(entry, "is a link to what came not before it");
    }

    // What comes later in an archive counts, except that it does not take away directories.
    private static void Replace(int directory, ReadOnlySpan<byte> nameZ, ReadOnlySpan<byte> path)
    {
        int result = TreeCalls.Unlink(directory, nameZ);
        if (result == -Errno.EISDIR)
            throw Refused(path, "is both a directory and something else");
        Check(result, path);
    }

    private ReadOnlySpan<byte> NameZ(ReadOnlySpan<byte> name)
    {
        name.CopyTo(_nameZ);
        _nameZ[name.Length] = 0;
        return _nameZ.AsSpan(0, name.Length + 1);
    }

    private static bool IsBelow(ReadOnlySpan<byte> path, ReadOnlySpan<byte> directory)
        => path.StartsWith(directory) && (path.Length == directory.Length || path[directory.Length] == '/');

    private static void Check(int result, ReadOnlySpan<byte> path)
    {
        if (result < 0)
            throw TreeException.FromErrno(-result, path);
    }

    private static TreeException Refused(ReadOnlySpan<byte> path, string reason)
        => new(ToolFailure.EntryRefused, TreeException.Text(path), reason);
}
