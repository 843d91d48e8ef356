using System.Runtime.InteropServices;

namespace Pyro.Agent.Native;

/// <summary>struct statx (linux/stat.h), the part that is read.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct Statx
{
    [FieldOffset(28)]
    public ushort Mode;
}
