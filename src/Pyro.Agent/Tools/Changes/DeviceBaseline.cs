using Pyro.Protocol;
using Pyro.Trees;
using Pyro.Trees.Ext4;

namespace Pyro.Agent.Tools.Changes;

/// <summary>The tree as it was, read from the device that holds it.</summary>
internal sealed class DeviceBaseline : IBaseline
{
    private readonly Ext4Volume _volume;

    public DeviceBaseline(Ext4Volume volume, ReadOnlySpan<byte> treePath)
    {
        _volume = volume;
        uint inode = Ext4Volume.Root;
        foreach (Range part in treePath.Split((byte)'/'))
        {
            byte[] name = treePath[part].ToArray();
            if (name.Length == 0)
                continue;
            inode = volume.ReadDirectory(volume.ReadInode(inode)).Find(entry => entry.Name.AsSpan().SequenceEqual(name)).Inode;
            if (inode == 0)
                return;
        }

        Root = new OldEntry([], inode, volume.ReadInode(inode).Kind);
    }

    public OldEntry? Root { get; }

    public List<OldEntry> Names(OldEntry directory)
    {
        List<Ext4Name> names = _volume.ReadDirectory(_volume.ReadInode((uint)directory.Inode));
        names.Sort(static (a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        return names.ConvertAll(name => new OldEntry(ChangesWalk.Join(directory.Path, name.Name), name.Inode, name.Kind));
    }

    public TreeSide Describe(OldEntry entry)
    {
        Ext4Inode inode = _volume.ReadInode((uint)entry.Inode);
        return new TreeSide(inode.Kind, inode.Mode, inode.Size, false);
    }

    public int Read(OldEntry entry, ulong offset, Span<byte> buffer) => _volume.Read(_volume.ReadInode((uint)entry.Inode), offset, buffer);

    // What is asked for is what the inode tables do not have the same.
    public bool IsSame(OldEntry entry, in FileStatus now) => false;

    public void Dispose() => _volume.Dispose();
}
