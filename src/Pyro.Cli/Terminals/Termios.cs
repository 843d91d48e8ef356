using System.Runtime.CompilerServices;

namespace Pyro.Cli.Terminals;

/// <summary>glibc's <c>struct termios</c> (60 bytes on x86-64), which is only carried from one call to another.</summary>
[InlineArray(64)]
internal struct Termios
{
    private byte _first;
}
