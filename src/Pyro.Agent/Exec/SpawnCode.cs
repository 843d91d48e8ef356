using Pyro.Agent.Native;

namespace Pyro.Agent.Exec;

/// <summary>
/// The machine code of a new process's first moments: clone3, and in the child a list of system calls of which the last
/// is execve. It is posix_spawn as a C library makes it (shared memory, parent stopped until execve), with two things
/// glibc 2.36 cannot do: the child starts inside its cgroup, so that nothing it ever starts can be outside, and any step
/// can be told as the one that failed. A fork is no choice in a managed process, and a helper program in front of each
/// command would cost the start of a second process.
/// </summary>
/// <remarks>
/// The child uses no stack (it shares its parent's) and no memory but the steps. Its signal handlers are reset by
/// CLONE_CLEAR_SIGHAND, so none runs on that stack either.
/// </remarks>
internal static unsafe class SpawnCode
{
    // long spawn(struct clone_args *rdi, size_t rsi, struct step *rdx)
    private static ReadOnlySpan<byte> Code =>
    [
        0x53,                           //         push rbx
        0x48, 0x89, 0xd3,               //         mov  rbx, rdx
        0xb8, 0xb3, 0x01, 0x00, 0x00,   //         mov  eax, 435              clone3
        0x0f, 0x05,                     //         syscall
        0x48, 0x85, 0xc0,               //         test rax, rax
        0x74, 0x02,                     //         jz   next                  the child
        0x5b,                           //         pop  rbx
        0xc3,                           //         ret
        0x48, 0x8b, 0x03,               // next:   mov  rax, [rbx]
        0x48, 0x8b, 0x7b, 0x08,         //         mov  rdi, [rbx+8]
        0x48, 0x8b, 0x73, 0x10,         //         mov  rsi, [rbx+16]
        0x48, 0x8b, 0x53, 0x18,         //         mov  rdx, [rbx+24]
        0x4c, 0x8b, 0x53, 0x20,         //         mov  r10, [rbx+32]
        0x4c, 0x8b, 0x43, 0x28,         //         mov  r8, [rbx+40]
        0x4c, 0x8b, 0x4b, 0x30,         //         mov  r9, [rbx+48]
        0x0f, 0x05,                     //         syscall
        0x48, 0x89, 0x43, 0x38,         //         mov  [rbx+56], rax         Result
        0x48, 0x83, 0xc3, 0x40,         //         add  rbx, 64
        0x48, 0x85, 0xc0,               //         test rax, rax
        0x79, 0xd6,                     //         jns  next
        0xbf, 0x7f, 0x00, 0x00, 0x00,   //         mov  edi, 127
        0xb8, 0x3c, 0x00, 0x00, 0x00,   //         mov  eax, 60               exit
        0x0f, 0x05,                     //         syscall
        0x0f, 0x0b,                     //         ud2
    ];

    private static delegate* unmanaged<CloneArgs*, nuint, SpawnStep*, nint> s_entry;

    /// <summary>Starts a process; its id, or the negated errno of clone3. Returns when the steps are done or one failed.</summary>
    public static nint Run(CloneArgs* arguments, SpawnStep* steps)
    {
        if (s_entry is null)
            s_entry = Load();
        return s_entry(arguments, (nuint)sizeof(CloneArgs), steps);
    }

    private static delegate* unmanaged<CloneArgs*, nuint, SpawnStep*, nint> Load()
    {
        void* page = Libc.mmap(null, 4096, Linux.PROT_READ | Linux.PROT_WRITE, Linux.MAP_PRIVATE | Linux.MAP_ANONYMOUS, -1, 0);
        if ((nint)page == -1)
            throw LinuxException.Last("mmap");

        // SAFETY: the page is ours, larger than the code, and not yet executable.
        Code.CopyTo(new Span<byte>(page, 4096));
        if (Libc.mprotect(page, 4096, Linux.PROT_READ | Linux.PROT_EXEC) < 0)
            throw LinuxException.Last("mprotect");
        return (delegate* unmanaged<CloneArgs*, nuint, SpawnStep*, nint>)page;
    }
}
