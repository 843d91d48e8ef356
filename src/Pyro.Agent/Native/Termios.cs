using System.Runtime.InteropServices;

namespace Pyro.Agent.Native;

/// <summary>The kernel's struct termios (asm-generic/termbits.h), the part that is changed.</summary>
[StructLayout(LayoutKind.Sequential, Size = 36)]
internal struct Termios
{
    public uint InputFlags;
}
