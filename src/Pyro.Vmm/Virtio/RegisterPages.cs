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
