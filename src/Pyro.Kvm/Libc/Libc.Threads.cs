using System.Runtime.InteropServices;

namespace Pyro.Kvm;

// Threads. The pthread family returns error numbers instead of setting errno.
public static unsafe partial class Libc
{
    /// <summary>Bytes of a <c>pthread_attr_t</c> (bits/pthreadtypes-arch.h, x86-64).</summary>
    public const int PthreadAttributesSize = 56;

    /// <summary><c>pthread_create(3)</c>: 0 or an error number.</summary>
    /// <param name="thread">Takes the thread's id.</param>
    /// <param name="attributes">A <c>pthread_attr_t</c>, or null.</param>
    /// <param name="main">What the thread runs.</param>
    /// <param name="argument">What it is given.</param>
    [LibraryImport(Library)]
    public static partial int pthread_create(nuint* thread, void* attributes, delegate* unmanaged<nint, nint> main, nint argument);

    /// <summary><c>pthread_join(3)</c>: 0 or an error number.</summary>
    /// <param name="thread">The thread's id; good once.</param>
    /// <param name="result">Takes what the thread returned, or null.</param>
    [LibraryImport(Library)]
    public static partial int pthread_join(nuint thread, nint* result);

    /// <summary><c>pthread_attr_init(3)</c>: 0 or an error number.</summary>
    /// <param name="attributes">A <c>pthread_attr_t</c>.</param>
    [LibraryImport(Library)]
    public static partial int pthread_attr_init(void* attributes);

    /// <summary><c>pthread_attr_setstacksize(3)</c>: 0 or an error number.</summary>
    /// <param name="attributes">A <c>pthread_attr_t</c>.</param>
    /// <param name="bytes">At least 16 KiB.</param>
    [LibraryImport(Library)]
    public static partial int pthread_attr_setstacksize(void* attributes, nuint bytes);

    /// <summary><c>pthread_attr_destroy(3)</c>: 0 or an error number.</summary>
    /// <param name="attributes">A <c>pthread_attr_t</c>.</param>
    [LibraryImport(Library)]
    public static partial int pthread_attr_destroy(void* attributes);
}
