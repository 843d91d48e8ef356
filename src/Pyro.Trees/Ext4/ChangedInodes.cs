namespace Pyro.Trees.Ext4;

/// <summary>
/// Which inodes of two states of one file system differ, found by comparing the used parts of the inode tables and nothing
/// else. An inode whose record is the same names the same content: writing to a file changes its times, writing a name
/// those of its directory, and times that nobody can set are among them.
/// </summary>
public static class ChangedInodes
{
    private const int ChunkBytes = 256 * 1024;

    /// <summary>The most inodes that may differ: so many numbers take 10 MB, and a tool has 48. More are compared one by one.</summary>
    public const int Most = 300_000;

    /// <summary>The numbers of the inodes that differ, or are in use on one side only.</summary>
    /// <exception cref="Ext4Exception">The file systems are not two states of one, or too much differs.</exception>
    public static HashSet<uint> Find(Ext4Volume old, Ext4Volume @new)
    {
        if (old.Groups != @new.Groups || old.InodesPerGroup != @new.InodesPerGroup || old.InodeSize != @new.InodeSize)
            throw new Ext4Exception("the file system changed its size");
        var changed = new HashSet<uint>();
        var oldRecords = new byte[ChunkBytes];
        var newRecords = new byte[ChunkBytes];
        int size = old.InodeSize;
        for (int group = 0; group < old.Groups; group++)
        {
            int oldUsed = old.UsedInodes(group);
            int newUsed = @new.UsedInodes(group);
            int used = Math.Max(oldUsed, newUsed);
            for (int first = 0; first < used; first += ChunkBytes / size)
            {
                int count = Math.Min(ChunkBytes / size, used - first);
                Span<byte> a = Load(old, group, first, Math.Min(count, oldUsed - first), count, oldRecords);
                Span<byte> b = Load(@new, group, first, Math.Min(count, newUsed - first), count, newRecords);
                if (a.SequenceEqual(b))
                    continue;
                for (int i = 0; i < count; i++)
                {
                    Span<byte> was = a.Slice(i * size, size);
                    Span<byte> @is = b.Slice(i * size, size);
                    if (was.SequenceEqual(@is) || !(Ext4Inode.IsLiveRecord(was) || Ext4Inode.IsLiveRecord(@is)))
                        continue;
                    changed.Add((uint)(((long)group * old.InodesPerGroup) + first + i + 1));
                    if (changed.Count > Most)
                        throw new Ext4Exception("too much differs");
                }
            }
        }

        return changed;
    }

    /// <summary>Beyond what was ever used the disk holds anything; it counts as zeros.</summary>
    private static Span<byte> Load(Ext4Volume volume, int group, int first, int used, int count, byte[] buffer)
    {
        int bytes = Math.Max(0, used) * volume.InodeSize;
        if (bytes > 0)
            volume.ReadInodes(group, first, buffer.AsSpan(0, bytes));
        Span<byte> records = buffer.AsSpan(0, count * volume.InodeSize);
        records[bytes..].Clear();
        return records;
    }
}
