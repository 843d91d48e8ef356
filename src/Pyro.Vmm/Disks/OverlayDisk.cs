using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Disks;

/// <summary>
/// Copy-on-write: a sparse file holds what was written, a read-only disk below it the rest. The one below may be
/// such a layer itself, once it is frozen.
/// </summary>
/// <remarks>
/// <para>A cluster lies in the file at its own place on the disk, so any write is one call, and a bit says whether the
/// file or the base holds it. A cluster of zeros is a hole with its bit set.</para>
/// <para>A bit is set in memory when its cluster is whole in the file, and reaches the file at <see cref="Flush"/>, after the data
/// did. Should the process end in between, the cluster is what it was before the flush: what the guest was told is
/// durable is, and nothing half-written is ever taken for a cluster.</para>
/// </remarks>
public sealed unsafe class OverlayDisk : IDiskBackend
{
    private const ulong ClusterSize = OverlayHeader.ClusterSize;

    private readonly DiskFile _file;
    private readonly IDiskBackend _base;
    private readonly DiskDurability _durability;
    private readonly AllocationBitmap _bitmap;
    private readonly byte[] _fill = GC.AllocateArray<byte>((int)ClusterSize, pinned: true);
    private readonly IoVector[] _scratch = new IoVector[IoVector.MaxCount];
    private readonly IoVector[] _baseScratch = new IoVector[IoVector.MaxCount];
    private OverlayHeader _header;
    private bool _unflushed;

    private OverlayDisk(DiskFile file, IDiskBackend @base, OverlayHeader header, bool readOnly, DiskDurability durability)
    {
        _file = file;
        _base = @base;
        _header = header;
        _durability = durability;
        IsReadOnly = readOnly;
        _bitmap = new AllocationBitmap(header.Clusters);
    }

    /// <inheritdoc/>
    public string Name => _file.Name;

    /// <inheritdoc/>
    public ulong Length => _header.DiskLength;

    /// <inheritdoc/>
    public bool IsReadOnly { get; private set; }

    /// <inheritdoc/>
    public DiskId Id => _header.Id;

    /// <summary>Whether the layer can never change again, and so may have layers above it.</summary>
    public bool IsFrozen => _header.Frozen;

    /// <summary>The files of this layer, if it is frozen, and of those below, lowest first.</summary>
    internal IEnumerable<SafeFileHandle> FrozenLayers
    {
        get
        {
            IEnumerable<SafeFileHandle> below = (_base as OverlayDisk)?.FrozenLayers ?? [];
            return IsFrozen ? below.Append(_file.Handle) : below;
        }
    }

    /// <summary>Makes an empty layer in an empty file. Nothing is copied.</summary>
    /// <param name="handle">Open for reading and writing; closed with the disk.</param>
    /// <param name="name">What the file is called in messages.</param>
    /// <param name="base">The read-only disk below; closed with the disk.</param>
    /// <param name="durability">What a flush is worth.</param>
    /// <param name="length">Bytes of the new disk, a multiple of 512 and at least the base's length; the base's length if null. What the base does not reach reads as zero.</param>
    /// <exception cref="ArgumentException">The base can change, or the length is none a disk can have.</exception>
    /// <exception cref="DiskException">The file is not empty, in use by another machine, or cannot be written.</exception>
    public static OverlayDisk Create(
        SafeFileHandle handle, string name, IDiskBackend @base, DiskDurability durability = DiskDurability.Durable, ulong? length = null) =>
        Create(new DiskFile(handle, name), @base, durability, length);

    /// <summary>Opens a layer that was made before.</summary>
    /// <param name="handle">Open for reading, and for writing unless <paramref name="readOnly"/>; closed with the disk.</param>
    /// <param name="name">What the file is called in messages.</param>
    /// <param name="base">The disk it was made over; closed with the disk.</param>
    /// <param name="readOnly">Whether writes are refused. A frozen layer opens in no other way.</param>
    /// <param name="durability">What a flush is worth.</param>
    /// <exception cref="DiskException">The file is no overlay, damaged, frozen, made over another base, or in use by another machine.</exception>
    public static OverlayDisk Open(
        SafeFileHandle handle, string name, IDiskBackend @base, bool readOnly, DiskDurability durability = DiskDurability.Durable) =>
        Open(new DiskFile(handle, name), @base, readOnly, durability);

    /// <summary>Whether a file holds a layer that can never change again; an empty one does not.</summary>
    /// <param name="handle">Open for reading; stays the caller's.</param>
    /// <param name="name">What the file is called in messages.</param>
    /// <exception cref="DiskException">The file is no overlay, or damaged.</exception>
    public static bool IsFrozenLayer(SafeFileHandle handle, string name)
    {
        var file = new DiskFile(handle, name);
        return file.Length != 0 && OverlayHeader.Read(file).Frozen;
    }

    internal static OverlayDisk Create(DiskFile file, IDiskBackend @base, DiskDurability durability, ulong? length)
    {
        ThrowIfBaseCanChange(@base);
        ulong diskLength = length ?? @base.Length;
        if (diskLength < @base.Length || diskLength % 512 != 0 || diskLength > OverlayHeader.MaxDiskLength)
            throw new ArgumentException($"a disk over one of {@base.Length} bytes cannot have {diskLength}", nameof(length));
        return new OverlayDisk(file, @base, Prepare(file, @base, durability, diskLength), readOnly: false, durability);
    }

    private static OverlayHeader Prepare(DiskFile file, IDiskBackend @base, DiskDurability durability, ulong diskLength)
    {
        file.Lock(exclusive: true);
        if (file.Length != 0)
            throw new DiskException(file.Name, "it is not empty; a new overlay would destroy what it holds");
        OverlayHeader header = new()
        {
            DiskLength = diskLength,
            BaseLength = @base.Length,
            Id = DiskId.New(),
            BaseId = @base.Id,
            Frozen = false,
        };
        file.SetLength(header.FileLength);
        header.Write(file);
        if (durability == DiskDurability.Durable)
            file.Sync();
        return header;
    }

    internal static OverlayDisk Open(DiskFile file, IDiskBackend @base, bool readOnly, DiskDurability durability)
    {
        ThrowIfBaseCanChange(@base);
        file.Lock(exclusive: !readOnly);
        OverlayHeader header = OverlayHeader.Read(file);
        if (header.Frozen && !readOnly)
            throw new DiskException(file.Name, "it is frozen, others are layered over it; put a new overlay over it instead");
        if (header.BaseLength != @base.Length)
            throw new DiskException(@base.Name, $"it is {@base.Length} bytes long, but {file.Name} was made over {header.BaseLength}: it was cut short or replaced; restore it");
        if (header.BaseId != @base.Id && header.BaseId != DiskId.Unknown && @base.Id != DiskId.Unknown)
            throw new DiskException(@base.Name, $"it is disk {@base.Id}, but {file.Name} was made over {header.BaseId}; use the one it was made over");

        OverlayDisk disk = new(file, @base, header, readOnly, durability);
        disk._bitmap.Load(file, OverlayHeader.BitmapOffset);
        return disk;
    }

    /// <inheritdoc/>
    public void Read(ulong offset, ReadOnlySpan<IoVector> into)
    {
        ulong length = IoVector.TotalLength(into);
        DiskRange.ThrowIfOutside(offset, length, Length);
        if (length == 0)
            return;

        ulong at = offset;
        ulong end = offset + length;
        ulong last = (end - 1) / ClusterSize;
        IoVectorCursor cursor = new(into);
        while (at < end)
        {
            ulong first = at / ClusterSize;
            ulong run = _bitmap.RunLength(first, last, out bool here);
            ulong runEnd = Math.Min((first + run) * ClusterSize, end);
            ReadOnlySpan<IoVector> part = runEnd - at == length ? into : cursor.Take(runEnd - at, _scratch);
            if (here)
                _file.Read(_header.DataOffset + at, part);
            else
                ReadBase(at, runEnd - at, part);
            at = runEnd;
        }
    }

    /// <summary>Fills a buffer with the bytes at <paramref name="offset"/>.</summary>
    /// <exception cref="DiskException">The host cannot read them.</exception>
    public void Read(ulong offset, Span<byte> into)
    {
        fixed (byte* bytes = into)
        {
            IoVector vector = new((nint)bytes, (nuint)into.Length);
            Read(offset, new ReadOnlySpan<IoVector>(in vector));
        }
    }

    /// <inheritdoc/>
    public ulong NextData(ulong offset, ulong limit)
    {
        while (offset < limit)
        {
            ulong first = offset / ClusterSize;
            ulong run = _bitmap.RunLength(first, (limit - 1) / ClusterSize, out bool here);
            ulong runEnd = Math.Min((first + run) * ClusterSize, limit);
            // The base may be shorter, and reads as zero from there on.
            ulong stop = here ? runEnd : Math.Min(runEnd, _base.Length);
            ulong found = here ? _file.NextData(_header.DataOffset + offset) - _header.DataOffset : offset < stop ? _base.NextData(offset, stop) : stop;
            if (found < stop)
                return found;
            offset = runEnd;
        }

        return limit;
    }

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<IoVector> from)
    {
        ThrowIfReadOnly();
        ulong length = IoVector.TotalLength(from);
        DiskRange.ThrowIfOutside(offset, length, Length);
        if (length == 0)
            return;

        _unflushed = true;
        FillEdges(offset, offset + length);
        _file.Write(_header.DataOffset + offset, from);
        _bitmap.Set(offset / ClusterSize, (offset + length - 1) / ClusterSize);
    }

    /// <inheritdoc/>
    public void Flush()
    {
        if (IsReadOnly || _durability == DiskDurability.ThrowAway || !_unflushed)
            return;

        SaveBitmap();
        _unflushed = false;
    }

    /// <inheritdoc/>
    public void Discard(ulong offset, ulong length)
    {
        ThrowIfReadOnly();
        DiskRange.ThrowIfOutside(offset, length, Length);
        ZeroClusters(FirstWhole(offset), EndWhole(offset + length), mayUnmap: true);
    }

    /// <inheritdoc/>
    public void WriteZeroes(ulong offset, ulong length, bool mayUnmap)
    {
        ThrowIfReadOnly();
        DiskRange.ThrowIfOutside(offset, length, Length);
        ulong end = offset + length;
        ulong first = FirstWhole(offset);
        ulong endWhole = EndWhole(end);
        if (first >= endWhole)
        {
            // No cluster is covered whole; the range may still touch two.
            ulong boundary = Math.Clamp(first * ClusterSize, offset, end);
            WriteZeroBytes(offset, boundary - offset);
            WriteZeroBytes(boundary, end - boundary);
            return;
        }

        WriteZeroBytes(offset, (first * ClusterSize) - offset);
        ZeroClusters(first, endWhole, mayUnmap);
        if (end > endWhole * ClusterSize)
            WriteZeroBytes(endWhole * ClusterSize, end - (endWhole * ClusterSize));
    }

    /// <summary>
    /// Makes the layer one that never changes again, on which others can be put. Its file is complete then, whatever a
    /// flush is worth.
    /// </summary>
    public void Freeze()
    {
        ThrowIfReadOnly();
        SaveBitmap();
        OverlayHeader frozen = _header with { Frozen = true };
        frozen.Write(_file);
        SyncIfDurable();
        _header = frozen;
        IsReadOnly = true;
        // From here on any number of layers may share it.
        _file.Lock(exclusive: false);
    }

    /// <summary>
    /// Freezes the layer and puts an empty one of the same durability over it. If that fails, this layer can still be
    /// written to.
    /// </summary>
    /// <param name="handle">An empty file, open for reading and writing; closed with the new layer.</param>
    /// <param name="name">What that file is called in messages.</param>
    /// <returns>The new layer, which owns this one.</returns>
    /// <exception cref="DiskException">The file is not empty, in use by another machine, or cannot be written; or this layer cannot be frozen.</exception>
    internal OverlayDisk Branch(SafeFileHandle handle, string name)
    {
        DiskFile file = new(handle, name);
        OverlayHeader header = Prepare(file, this, _durability, Length);
        Freeze();
        return new OverlayDisk(file, this, header, readOnly: false, _durability);
    }

    /// <summary>Closes the layer and its base. What was not flushed may be lost, as with a disk whose plug is pulled.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _base.Dispose();
    }

    private void SaveBitmap()
    {
        SyncIfDurable();
        if (_bitmap.IsDirty)
        {
            _bitmap.Save(_file, OverlayHeader.BitmapOffset);
            SyncIfDurable();
        }
    }

    private void SyncIfDurable()
    {
        if (_durability == DiskDurability.Durable)
            _file.Sync();
    }

    private static void ThrowIfBaseCanChange(IDiskBackend @base)
    {
        if (!@base.IsReadOnly || @base is OverlayDisk { IsFrozen: false })
            throw new ArgumentException($"disk {@base.Name} can still change: freeze it, or open it read-only, before a layer goes over it", nameof(@base));
    }

    private static ulong FirstWhole(ulong offset) => (offset + ClusterSize - 1) / ClusterSize;

    // The disk's last cluster counts as whole when the range reaches the disk's end.
    private ulong EndWhole(ulong end) => end == Length ? _header.Clusters : end / ClusterSize;

    private void ZeroClusters(ulong first, ulong end, bool mayUnmap)
    {
        if (first >= end)
            return;
        _unflushed = true;
        ulong offset = _header.DataOffset + (first * ClusterSize);
        ulong length = (end - first) * ClusterSize;
        if (mayUnmap)
            _file.PunchHole(offset, length);
        else
            _file.ZeroRange(offset, length);
        _bitmap.Set(first, end - 1);
    }

    /// <summary>Zeroes less than a cluster.</summary>
    private void WriteZeroBytes(ulong offset, ulong length)
    {
        if (length == 0)
            return;
        // FillEdges uses _fill for its copies, so the zeros go in after it; Write would do it in the wrong order.
        _unflushed = true;
        FillEdges(offset, offset + length);
        Span<byte> zeros = _fill.AsSpan(0, (int)length);
        zeros.Clear();
        _file.Write(_header.DataOffset + offset, zeros);
        _bitmap.Set(offset / ClusterSize, offset / ClusterSize);
    }

    /// <summary>Completes, from the base, the first and last cluster of a write that covers them in part.</summary>
    private void FillEdges(ulong offset, ulong end)
    {
        ulong first = offset / ClusterSize;
        ulong last = (end - 1) / ClusterSize;
        if (offset % ClusterSize != 0 && !_bitmap.IsSet(first))
            CopyFromBase(first * ClusterSize, offset);
        ulong lastEnd = Math.Min((last + 1) * ClusterSize, Length);
        if (end < lastEnd && !_bitmap.IsSet(last))
            CopyFromBase(end, lastEnd);
    }

    private void CopyFromBase(ulong offset, ulong end)
    {
        Span<byte> bytes = _fill.AsSpan(0, (int)(end - offset));
        fixed (byte* fill = bytes)
        {
            IoVector vector = new((nint)fill, (nuint)bytes.Length);
            ReadBase(offset, end - offset, new ReadOnlySpan<IoVector>(in vector));
        }

        _file.Write(_header.DataOffset + offset, bytes);
    }

    private void ReadBase(ulong offset, ulong length, ReadOnlySpan<IoVector> into)
    {
        ulong below = offset >= _base.Length ? 0 : Math.Min(length, _base.Length - offset);
        if (below == length)
        {
            _base.Read(offset, into);
            return;
        }

        IoVectorCursor cursor = new(into);
        if (below != 0)
            _base.Read(offset, cursor.Take(below, _baseScratch));
        foreach (IoVector beyond in cursor.Take(length - below, _baseScratch))
        {
            // SAFETY: the caller vouches for its vectors; the cut lies within them.
            NativeMemory.Clear((void*)beyond.Base, beyond.Length);
        }
    }

    private void ThrowIfReadOnly()
    {
        if (IsReadOnly)
            throw new DiskException(Name, "it is read-only");
    }
}
