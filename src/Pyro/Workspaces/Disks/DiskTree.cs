using System.Text;
using Pyro.Protocol;
using Pyro.Trees;
using Pyro.Trees.Ext4;
using Pyro.Workspaces.Engine;

namespace Pyro.Workspaces.Disks;

/// <summary>
/// The files on a disk that is not mounted, by their paths. The disk is its guest's work and hostile: what is read, held and
/// told is bounded, whatever it says.
/// </summary>
/// <param name="volume">The file system; it stays the caller's.</param>
/// <param name="cancellationToken">Ends the work.</param>
internal sealed class DiskTree(Ext4Volume volume, CancellationToken cancellationToken)
{
    private const int MostLinks = 40, MostLinkBytes = 4095, MostPathBytes = 4096;
    /// <summary>Bytes of directories that one call reads: five million names of usual length.</summary>
    private const ulong MostDirectoryBytes = 256 << 20;

    private readonly uint _run = FindRun(volume);
    private ulong _directoryBytes;

    private static ReadOnlySpan<byte> RuntimePrefix => "pyro-"u8;

    /// <summary>Whether the disk holds what belongs to a running machine only.</summary>
    internal bool HasRuntimePaths => _run != 0 && AnyRuntimeName(volume.Names(volume.ReadInode(_run)));

    /// <summary>What a path names, links followed.</summary>
    /// <param name="path">From the root of the disk.</param>
    /// <exception cref="TreeException">There is nothing of this name.</exception>
    /// <exception cref="Ext4Exception">The disk is damaged.</exception>
    internal Ext4Inode Find(string path)
    {
        var rest = new Stack<byte[]>();
        Push(rest, Encoding.UTF8.GetBytes(path));
        var above = new List<uint>();
        Ext4Inode at = volume.ReadInode(Ext4Volume.Root);
        int links = 0;
        while (rest.TryPop(out byte[]? name))
        {
            if (at.Kind != FileKind.Directory)
                throw TreeException.FromErrno(Errno.ENOTDIR, path);
            if (name.AsSpan().SequenceEqual(".."u8))
            {
                if (above.Count > 0)
                {
                    at = volume.ReadInode(above[^1]);
                    above.RemoveAt(above.Count - 1);
                }

                continue;
            }

            Ext4Inode found = Lookup(at, name, path);
            if (found.Kind != FileKind.Link)
            {
                above.Add(at.Number);
                at = found;
                continue;
            }

            if (++links > MostLinks)
                throw new TreeException(ToolFailure.NotFound, path, "is a link that leads through too many others");
            byte[] target = LinkTarget(found);
            if (target.AsSpan().StartsWith("/"u8))
            {
                above.Clear();
                at = volume.ReadInode(Ext4Volume.Root);
            }

            Push(rest, target);
        }

        return at;
    }

    /// <summary>What is in a folder, in the order of the paths' bytes, a folder before what is in it; of a file, the file.</summary>
    /// <param name="path">The folder's path from the root of the disk.</param>
    /// <param name="recursive">Folders in it too.</param>
    /// <param name="most">The most entries to tell.</param>
    /// <param name="truncated">Whether there are more.</param>
    internal List<WorkspaceFileEntry> List(string path, bool recursive, int most, out bool truncated)
    {
        Ext4Inode top = Find(path);
        byte[] topPath = Encoding.UTF8.GetBytes(path);
        var entries = new List<WorkspaceFileEntry>();
        truncated = false;
        if (top.Kind != FileKind.Directory)
        {
            entries.Add(Describe(new Waiting(topPath, top.Number), top));
            return entries;
        }

        // One stack for all that is yet to be told, the next on top; what is too deep in it to be told is forgotten.
        var waiting = new List<Waiting>();
        var seen = new HashSet<uint>();
        truncated = Enter(top, topPath.AsSpan().SequenceEqual("/"u8) ? [] : topPath, waiting, seen, most);
        while (waiting.Count > 0 && entries.Count < most)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Waiting next = waiting[^1];
            waiting.RemoveAt(waiting.Count - 1);
            Ext4Inode inode = volume.ReadInode(next.Inode);
            entries.Add(Describe(next, inode));
            if (recursive && inode.Kind == FileKind.Directory)
                truncated |= Enter(inode, next.Path, waiting, seen, most - entries.Count);
        }

        truncated |= waiting.Count > 0;
        return entries;
    }

    /// <summary>Puts a folder's names on the stack.</summary>
    /// <returns>Whether some are left out.</returns>
    private bool Enter(in Ext4Inode directory, byte[] path, List<Waiting> waiting, HashSet<uint> seen, int most)
    {
        if (!seen.Add(directory.Number))
            throw new Ext4Exception($"directory {directory.Number} is in two places");
        bool truncated = false;
        var inside = new List<Waiting>();
        foreach (Ext4Name name in NamesOf(directory))
        {
            byte[] full = [.. path, (byte)'/', .. name.Name];
            if (full.Length > MostPathBytes)
                truncated = true;
            else
                inside.Add(new Waiting(full, name.Inode));
            // Of more names than can be told the first ones are kept: a directory may have millions.
            if (inside.Count > 2 * most)
                truncated |= KeepFirst(inside, most);
        }

        truncated |= KeepFirst(inside, most);
        inside.Reverse();
        waiting.AddRange(inside);
        int excess = waiting.Count - most;
        if (excess <= 0)
            return truncated;
        waiting.RemoveRange(0, excess);
        return true;
    }

    private static bool KeepFirst(List<Waiting> names, int most)
    {
        names.Sort(static (a, b) => a.Path.AsSpan().SequenceCompareTo(b.Path));
        if (names.Count <= most)
            return false;
        names.RemoveRange(most, names.Count - most);
        return true;
    }

    private WorkspaceFileEntry Describe(Waiting entry, in Ext4Inode inode) => WorkspaceFileWork.EntryOf(
        Encoding.UTF8.GetString(entry.Path), inode.Kind, inode.Mode, inode.Size, inode.ModifiedAt, inode.Kind == FileKind.Link ? Encoding.UTF8.GetString(LinkTarget(inode)) : null);

    private Ext4Inode Lookup(in Ext4Inode directory, byte[] name, string path)
    {
        foreach (Ext4Name entry in NamesOf(directory))
        {
            if (entry.Name.AsSpan().SequenceEqual(name))
                return volume.ReadInode(entry.Inode);
        }

        throw TreeException.FromErrno(Errno.ENOENT, path);
    }

    private IEnumerable<Ext4Name> NamesOf(Ext4Inode directory)
    {
        _directoryBytes += directory.Size;
        if (_directoryBytes > MostDirectoryBytes)
            throw new TreeException(ToolFailure.TooLarge, "/", "has more directories than are read at once");
        foreach (Ext4Name name in volume.Names(directory))
        {
            if (directory.Number != _run || !name.Name.AsSpan().StartsWith(RuntimePrefix))
                yield return name;
        }
    }

    private byte[] LinkTarget(in Ext4Inode link)
    {
        if (link.Size > MostLinkBytes)
            throw new Ext4Exception($"link {link.Number} is too long");
        var target = new byte[(int)link.Size];
        volume.Read(link, 0, target);
        return target;
    }

    private static void Push(Stack<byte[]> rest, byte[] path)
    {
        for (int end = path.Length; end > 0;)
        {
            int slash = path.AsSpan(0, end).LastIndexOf((byte)'/');
            byte[] part = path[(slash + 1)..end];
            if (part.Length > 0 && !part.AsSpan().SequenceEqual("."u8))
                rest.Push(part);
            end = slash;
        }
    }

    private static uint FindRun(Ext4Volume volume)
    {
        foreach (Ext4Name name in volume.Names(volume.ReadInode(Ext4Volume.Root)))
        {
            if (name.Name.AsSpan().SequenceEqual("run"u8))
                return volume.ReadInode(name.Inode).Kind == FileKind.Directory ? name.Inode : 0;
        }

        return 0;
    }

    private static bool AnyRuntimeName(IEnumerable<Ext4Name> names)
    {
        foreach (Ext4Name name in names)
        {
            if (name.Name.AsSpan().StartsWith(RuntimePrefix))
                return true;
        }

        return false;
    }

    /// <summary>A name that is yet to be told.</summary>
    private sealed record Waiting(byte[] Path, uint Inode);
}
