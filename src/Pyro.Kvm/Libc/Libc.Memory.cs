using System.Runtime.InteropServices;

namespace Pyro.Kvm;

// Memory mappings.
public static unsafe partial class Libc
{
    /// <summary><c>mmap(2)</c>: the address, or -1.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial void* mmap(void* address, nuint length, int protection, int flags, SafeHandle fd, long offset);

    /// <summary><c>mmap(2)</c> by number; -1 for <c>MAP_ANONYMOUS</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);

    /// <summary><c>munmap(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int munmap(void* address, nuint length);

    /// <summary><c>mprotect(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int mprotect(void* address, nuint length, int protection);

    /// <summary><c>madvise(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int madvise(void* address, nuint length, int advice);

    /// <summary><c>msync(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int msync(void* address, nuint length, int flags);

    /// <summary><c>mlock(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int mlock(void* address, nuint length);

    /// <summary><c>mincore(2)</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int mincore(void* address, nuint length, byte* resident);
}
