namespace Pyro.Kvm;

/// <summary>
/// The C library's functions under their own names, as thin as interop allows: they return what C returns and keep errno for
/// <c>Marshal.GetLastPInvokeError</c>, from where <see cref="LinuxException.Last"/> takes it. Pointers to structs of
/// <c>Pyro.Kvm.Native</c> are untyped here: the generator of the interop code cannot see what another generator makes.
/// </summary>
public static unsafe partial class Libc
{
    private const string Library = "libc";
}
