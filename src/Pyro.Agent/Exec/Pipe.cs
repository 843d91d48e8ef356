using Pyro.Agent.Native;

namespace Pyro.Agent.Exec;

/// <summary>Makes pipes.</summary>
internal static unsafe class Pipe
{
    /// <summary>A pipe of which the agent's end does not block.</summary>
    public static void Create(out int readEnd, out int writeEnd, bool agentReads)
    {
        int* fds = stackalloc int[2];
        if (Libc.pipe2(fds, Linux.O_CLOEXEC) < 0)
            throw LinuxException.Last("pipe2");

        readEnd = fds[0];
        writeEnd = fds[1];
        _ = Libc.fcntl(agentReads ? readEnd : writeEnd, Linux.F_SETFL, Linux.O_NONBLOCK);
    }

    /// <summary>Bytes that can be read now.</summary>
    public static int Available(int fd)
    {
        int count = 0;
        return Libc.ioctl(fd, Linux.FIONREAD, (nint)(&count)) < 0 ? 0 : count;
    }
}
