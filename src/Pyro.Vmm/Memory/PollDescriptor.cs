using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pyro.Vmm.Memory;

/// <summary>Stands in until Pyro.Kvm/Libc is there.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollDescriptor
{
    private int _descriptor;
    private short _events;
    private short _returned;

    internal readonly bool IsReady => _returned != 0;

    internal static PollDescriptor ForReading(SafeFileHandle handle) =>
        new() { _descriptor = (int)handle.DangerousGetHandle(), _events = 1, _returned = 0 };
}
