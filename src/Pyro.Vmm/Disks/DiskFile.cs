using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Disks;

/// <summary>An open image file whose errors say its name. Tests derive from it to lose power at a chosen moment.</summary>
internal unsafe class DiskFile(SafeFileHandle handle, string name) : IDisposable
{
    private const int ZeroBytes = 64 << 10;
    private static readonly byte[] s_zeros = GC.AllocateArray<byte>(ZeroBytes, pinned: true);

    private bool _syncFailed;
    private bool _exclusive;

    private static int LastError => Marshal.GetLastPInvokeError();

    internal string Name { get; } = name;

    internal SafeFileHandle Handle => handle;

    internal virtual ulong Length => Libc.lseek(handle, 0, Uapi.SEEK_END) is long length and >= 0 ? (ulong)length : throw Failed("measure");

    internal virtual void SetLength(ulong length)
    {
        if (Libc.ftruncate(handle, (long)length) != 0)
            throw Failed("resize");
    }

    internal virtual void Read(ulong offset, ReadOnlySpan<IoVector> into)
    {
        fixed (IoVector* vectors = into)
        {
            nint done = Libc.preadv(handle, vectors, into.Length, (long)offset);
            if (done < 0 || (ulong)done != IoVector.TotalLength(into))
                FinishRead(offset, into, done);
        }
    }

    /// <summary>Where the next bytes are that are no hole, or <see cref="ulong.MaxValue"/> if none are.</summary>
    internal ulong NextData(ulong offset)
    {
        long found = Libc.lseek(handle, (long)offset, Uapi.SEEK_DATA);
        // A file system that knows no holes has none.
        return found >= 0 ? (ulong)found : LastError == Uapi.ENXIO ? ulong.MaxValue : offset;
    }

    internal virtual void Write(ulong offset, ReadOnlySpan<IoVector> from)
    {
        fixed (IoVector* vectors = from)
        {
            nint done = Libc.pwritev(handle, vectors, from.Length, (long)offset);
            if (done < 0 || (ulong)done != IoVector.TotalLength(from))
                FinishWrite(offset, from, done);
        }
    }

    internal virtual void Sync()
    {
        // After a failed fsync(2) the kernel may forget what it could not write; a later success would be a lie.
        if (_syncFailed)
            throw new DiskException(Name, "an earlier flush failed, data is lost; restore the disk from a snapshot");
        if (Libc.fdatasync(handle) != 0)
        {
            _syncFailed = true;
            throw Failed("flush");
        }
    }

    /// <summary>Makes a range read as zero and gives its space back.</summary>
    internal virtual void PunchHole(ulong offset, ulong length)
    {
        if (!TryAllocate(Uapi.FALLOC_FL_PUNCH_HOLE | Uapi.FALLOC_FL_KEEP_SIZE, offset, length))
            WriteZeros(offset, length);
    }

    /// <summary>Makes a range read as zero and keeps its space.</summary>
    internal virtual void ZeroRange(ulong offset, ulong length)
    {
        if (!TryAllocate(Uapi.FALLOC_FL_ZERO_RANGE | Uapi.FALLOC_FL_KEEP_SIZE, offset, length))
            WriteZeros(offset, length);
    }

    /// <summary>Gives a range's space back if the host can; it may read as anything then.</summary>
    internal void Discard(ulong offset, ulong length) =>
        _ = TryAllocate(Uapi.FALLOC_FL_PUNCH_HOLE | Uapi.FALLOC_FL_KEEP_SIZE, offset, length);

    /// <summary>Keeps other machines off the file for as long as it is open here.</summary>
    /// <param name="exclusive">Whether to keep readers off too.</param>
    internal void Lock(bool exclusive)
    {
        // A file system without locks is no reason to refuse; a lock held by another is.
        if (Libc.flock(handle, (exclusive ? Uapi.LOCK_EX : Uapi.LOCK_SH) | Uapi.LOCK_NB) != 0 && LastError == Uapi.EWOULDBLOCK)
            throw new DiskException(Name, "it is in use by another machine; stop that machine first");
        _exclusive = exclusive;
    }

    internal void Read(ulong offset, Span<byte> into)
    {
        fixed (byte* bytes = into)
        {
            IoVector vector = new((nint)bytes, (nuint)into.Length);
            Read(offset, new ReadOnlySpan<IoVector>(in vector));
        }
    }

    internal void Write(ulong offset, ReadOnlySpan<byte> from)
    {
        fixed (byte* bytes = from)
        {
            IoVector vector = new((nint)bytes, (nuint)from.Length);
            Write(offset, new ReadOnlySpan<IoVector>(in vector));
        }
    }

    public void Dispose()
    {
        // Closing alone would leave the lock with a child process that is just being started and has yet to close its copy.
        // A shared lock may be shared with other machines, by one descriptor passed to all of them.
        if (_exclusive && !handle.IsClosed)
            _ = Libc.flock(handle, Uapi.LOCK_UN);
        handle.Dispose();
    }

    private bool TryAllocate(int mode, ulong offset, ulong length)
    {
        while (Libc.fallocate(handle, mode, (long)offset, (long)length) != 0)
        {
            if (LastError == Uapi.EOPNOTSUPP)
                return false;
            if (LastError != Uapi.EINTR)
                throw Failed("zero a range of");
        }

        return true;
    }

    private void WriteZeros(ulong offset, ulong length)
    {
        while (length != 0)
        {
            int count = (int)Math.Min(length, ZeroBytes);
            Write(offset, s_zeros.AsSpan(0, count));
            offset += (ulong)count;
            length -= (ulong)count;
        }
    }

    private void FinishRead(ulong offset, ReadOnlySpan<IoVector> into, nint done)
    {
        Span<IoVector> rest = stackalloc IoVector[into.Length];
        ulong total = IoVector.TotalLength(into);
        ulong finished = 0;
        while (true)
        {
            if (done < 0 && LastError != Uapi.EINTR)
                throw Failed("read");
            if (done == 0)
                throw new DiskException(Name, $"it ends before byte {offset + total}: the file was cut short; restore or rebuild it");
            finished += (ulong)Math.Max(done, 0);
            if (finished == total)
                return;
            int count = IoVector.Slice(into, finished, total - finished, rest);
            fixed (IoVector* vectors = rest)
                done = Libc.preadv(handle, vectors, count, (long)(offset + finished));
        }
    }

    private void FinishWrite(ulong offset, ReadOnlySpan<IoVector> from, nint done)
    {
        Span<IoVector> rest = stackalloc IoVector[from.Length];
        ulong total = IoVector.TotalLength(from);
        ulong finished = 0;
        while (true)
        {
            if (done <= 0 && LastError != Uapi.EINTR)
                throw Failed("write");
            finished += (ulong)Math.Max(done, 0);
            if (finished == total)
                return;
            int count = IoVector.Slice(from, finished, total - finished, rest);
            fixed (IoVector* vectors = rest)
                done = Libc.pwritev(handle, vectors, count, (long)(offset + finished));
        }
    }

    private DiskException Failed(string verb)
    {
        int error = LastError;
        string advice = error == Uapi.ENOSPC ? "; free space on the host, then try again" : "";
        return new DiskException(Name, $"cannot {verb} it: {Errno.Describe(error)}{advice}");
    }
}
