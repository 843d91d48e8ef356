using System.Runtime.CompilerServices;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Virtio;

/// <summary>
/// What the registers of a machine's virtio devices read as: memory that KVM shows to the guest read-only, so that a
/// driver reads without leaving the guest, and only writes come here.
/// </summary>
/// <remarks>Windows of devices lie one behind the other, and never across a page's end.</remarks>
public sealed unsafe class RegisterPages : IDisposable
{
    private readonly byte* _start;
    private readonly int _windows;
    private bool _disposed;

    /// <summary>Maps zeroed memory for the registers.</summary>
    /// <param name="devices">How many windows; at least one.</param>
    /// <exception cref="LinuxException">The host refuses the mapping.</exception>
    public RegisterPages(int devices)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(devices, 1);
        _windows = devices;
        Length = ((ulong)devices * RegisterWindow.Length + GuestMemory.PageSize - 1) & ~(GuestMemory.PageSize - 1);
        _start = (byte*)Libc.mmap(null, (nuint)Length, Uapi.PROT_READ | Uapi.PROT_WRITE, Uapi.MAP_PRIVATE | Uapi.MAP_ANONYMOUS, -1, 0);
        if ((nint)_start == -1)
            throw LinuxException.Last("mmap", $"{Length >> 10} KiB of device registers");
    }

    /// <summary>Bytes, whole pages.</summary>
    public ulong Length { get; }

    /// <summary>The first byte in host memory.</summary>
    public nint Host => (nint)_start;

    /// <summary>The window of one device; good until <see cref="Dispose"/>.</summary>
    public RegisterWindow Window(int device)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(device);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(device, _windows);
        return new RegisterWindow(_start + (device * RegisterWindow.Length));
    }

    /// <summary>Unmaps the memory. Comes after the devices and the VM.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _ = Libc.munmap(_start, (nuint)Length);
    }
}

/// <summary>One device's registers and configuration as the driver reads them.</summary>
public readonly unsafe struct RegisterWindow
{
    /// <summary>Bytes of bus that a device takes: 256 of registers and as many of configuration.</summary>
    public const int Length = 0x200;

    private readonly byte* _start;

    internal RegisterWindow(byte* start) => _start = start;

    /// <summary>A register. The guest reads it at any time, so that it is changed by single stores or atomic operations.</summary>
    /// <param name="offset">Bytes from the window's start: a multiple of 4.</param>
    internal ref uint this[int offset]
    {
        get
        {
            if ((uint)offset > Length - sizeof(uint) || offset % sizeof(uint) != 0)
                throw new ArgumentOutOfRangeException(nameof(offset));
            // SAFETY: offset is aligned and within the window, as just checked; the pages outlive their devices.
            return ref Unsafe.AsRef<uint>(_start + offset);
        }
    }

    /// <summary>Bytes of the window.</summary>
    /// <param name="offset">The first one's distance from the window's start.</param>
    /// <param name="length">How many.</param>
    internal Span<byte> Bytes(int offset, int length) =>
        // SAFETY: Slice checks the range against the window; the pages outlive their devices.
        new Span<byte>(_start, Length).Slice(offset, length);
}
