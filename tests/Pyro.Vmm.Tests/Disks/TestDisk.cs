using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Disks;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Tests.Disks;

/// <summary>Disks by span, and files for them that leave nothing behind.</summary>
internal static unsafe class TestDisk
{
    internal static SafeFileHandle NewFile(ulong length = 0)
    {
        SafeFileHandle handle = ThrowAwayFile.Create(Path.GetTempPath());
        RandomAccess.SetLength(handle, (long)length);
        return handle;
    }

    internal static SafeFileHandle NewFile(ReadOnlySpan<byte> content)
    {
        SafeFileHandle handle = NewFile();
        RandomAccess.Write(handle, content, 0);
        return handle;
    }

    /// <summary>Opens the file behind a handle a second time, as another process would. Not by File.OpenHandle, which takes locks of its own.</summary>
    internal static SafeFileHandle Reopen(SafeFileHandle handle, bool writable = true)
    {
        SafeFileHandle again = new(Libc.open($"/proc/self/fd/{handle.DangerousGetHandle()}", Uapi.O_CLOEXEC | (writable ? Uapi.O_RDWR : Uapi.O_RDONLY)), ownsHandle: true);
        Assert.False(again.IsInvalid);
        return again;
    }

    internal static RawDisk ReadOnlyDisk(ReadOnlySpan<byte> content, DiskId id = default) =>
        new(NewFile(content), "base.img", readOnly: true, id: id);

    internal static byte[] RandomBytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    internal static byte[] Read(this IDiskBackend disk, ulong offset, int length)
    {
        byte[] bytes = new byte[length];
        disk.ReadInto(offset, bytes);
        return bytes;
    }

    internal static void ReadInto(this IDiskBackend disk, ulong offset, Span<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            IoVector vector = new((nint)start, (nuint)bytes.Length);
            disk.Read(offset, new ReadOnlySpan<IoVector>(in vector));
        }
    }

    internal static void Write(this IDiskBackend disk, ulong offset, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            IoVector vector = new((nint)start, (nuint)bytes.Length);
            disk.Write(offset, new ReadOnlySpan<IoVector>(in vector));
        }
    }

    /// <summary>Reads or writes in pieces of random length.</summary>
    internal static void Transfer(this IDiskBackend disk, Random random, bool write, ulong offset, Span<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            List<IoVector> vectors = [];
            for (int at = 0; at < bytes.Length;)
            {
                int length = Math.Min(random.Next(0, 9000), bytes.Length - at);
                vectors.Add(new IoVector((nint)(start + at), (nuint)length));
                at += length;
            }

            if (write)
                disk.Write(offset, vectors.ToArray());
            else
                disk.Read(offset, vectors.ToArray());
        }
    }
}
