using Pyro.Vmm.Disks;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Tests.Virtio.Block;

/// <summary>A disk that counts its flushes and can be told to fail.</summary>
internal sealed class CountingDisk(IDiskBackend disk) : IDiskBackend
{
    internal int Flushes { get; private set; }

    internal bool Fails { get; set; }

    public string Name => disk.Name;

    public ulong Length => disk.Length;

    public bool IsReadOnly => disk.IsReadOnly;

    public DiskId Id => disk.Id;

    public void Read(ulong offset, ReadOnlySpan<IoVector> into)
    {
        ThrowIfFailing();
        disk.Read(offset, into);
    }

    public void Write(ulong offset, ReadOnlySpan<IoVector> from)
    {
        ThrowIfFailing();
        disk.Write(offset, from);
    }

    public void Flush()
    {
        ThrowIfFailing();
        Flushes++;
        disk.Flush();
    }

    public void Discard(ulong offset, ulong length)
    {
        ThrowIfFailing();
        disk.Discard(offset, length);
    }

    public void WriteZeroes(ulong offset, ulong length, bool mayUnmap)
    {
        ThrowIfFailing();
        disk.WriteZeroes(offset, length, mayUnmap);
    }

    public void Dispose() => disk.Dispose();

    private void ThrowIfFailing()
    {
        if (Fails)
            throw new DiskException(Name, "the host's disk is full");
    }
}
