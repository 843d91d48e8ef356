using System.Runtime.InteropServices;

namespace Pyro.Kvm;

public static unsafe partial class Libc
{
    /// <summary><c>ioctl(2)</c>. The generated class <c>Ioctl</c> has typed forms.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int ioctl(SafeHandle fd, nuint request, void* argument);
}
