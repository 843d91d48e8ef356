using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Disks;

/// <summary>A disk that is a file, or a block device of the host, byte for byte.</summary>
public sealed class RawDisk : IDiskBackend
{
    private readonly DiskFile _file;
    private readonly DiskDurability _durability;

    /// <summary>Uses an open file, and closes it at the end.</summary>
    /// <param name="handle">Open for reading, and for writing unless <paramref name="readOnly"/>.</param>
    /// <param name="name">What the file is called in messages.</param>
    /// <param name="readOnly">Whether writes are refused.</param>
    /// <param name="durability">What a flush is worth.</param>
    /// <param name="id">What a read-only file holds, if it is known.</param>
    /// <exception cref="DiskException">The file is empty, not whole sectors long, or in use by another machine.</exception>
    public RawDisk(SafeFileHandle handle, string name, bool readOnly, DiskDurability durability = DiskDurability.Durable, DiskId id = default)
    {
        _file = new DiskFile(handle, name);
        _durability = durability;
        IsReadOnly = readOnly;
        Id = id;
        Length = _file.Length;
        if (Length == 0 || Length % 512 != 0)
            throw new DiskException(name, $"it is {Length} bytes long, not a whole number of 512-byte sectors: the image is truncated; build or pull it again");
        _file.Lock(exclusive: !readOnly);
    }

    /// <inheritdoc/>
    public string Name => _file.Name;

    /// <inheritdoc/>
    public ulong Length { get; }

    /// <inheritdoc/>
    public bool IsReadOnly { get; }

    /// <inheritdoc/>
    public DiskId Id { get; }

    /// <inheritdoc/>
    public void Read(ulong offset, ReadOnlySpan<IoVector> into)
    {
        DiskRange.ThrowIfOutside(offset, IoVector.TotalLength(into), Length);
        _file.Read(offset, into);
    }

    /// <inheritdoc/>
    public ulong NextData(ulong offset, ulong limit) => Math.Min(_file.NextData(offset), limit);

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<IoVector> from)
    {
        ThrowIfReadOnly();
        DiskRange.ThrowIfOutside(offset, IoVector.TotalLength(from), Length);
        _file.Write(offset, from);
    }

    /// <inheritdoc/>
    public void Flush()
    {
        if (!IsReadOnly && _durability == DiskDurability.Durable)
            _file.Sync();
    }

    /// <inheritdoc/>
    public void Discard(ulong offset, ulong length)
    {
        ThrowIfReadOnly();
        DiskRange.ThrowIfOutside(offset, length, Length);
        if (length != 0)
            _file.Discard(offset, length);
    }

    /// <inheritdoc/>
    public void WriteZeroes(ulong offset, ulong length, bool mayUnmap)
    {
        ThrowIfReadOnly();
        DiskRange.ThrowIfOutside(offset, length, Length);
        if (length == 0)
            return;
        if (mayUnmap)
            _file.PunchHole(offset, length);
        else
            _file.ZeroRange(offset, length);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void ThrowIfReadOnly()
    {
        if (IsReadOnly)
            throw new DiskException(Name, "it is read-only");
    }
}
