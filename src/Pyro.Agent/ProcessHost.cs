using Pyro.Agent.Exec;
using Pyro.Agent.Loop;
using Pyro.Agent.Native;
using Pyro.Agent.Serving;
using Pyro.Protocol;

namespace Pyro.Agent;

/// <summary>The agent as an ordinary process on a Unix socket, for tests: all of it but the init.</summary>
internal static class ProcessHost
{
    /// <summary>Serves until it is asked to power off.</summary>
    public static unsafe void Run(string socketPath)
    {
        ulong entry = Sys.Now();
        _ = Libc.signal(Linux.SIGPIPE, Linux.SIG_IGN);
        // Whoever started it may have had them ignored, and commands would inherit that; init inherits nothing.
        _ = Libc.signal(Linux.SIGHUP, Linux.SIG_DFL);
        _ = Libc.signal(Linux.SIGINT, Linux.SIG_DFL);
        _ = Libc.signal(Linux.SIGQUIT, Linux.SIG_DFL);
        _ = Libc.prctl(Linux.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        if (Environment.GetEnvironmentVariable("PYRO_AGENT_NO_CGROUP") is null && CgroupRoot.FindMount() is { } mountPoint)
            CgroupRoot.Open(mountPoint, "pyro-agent-" + Libc.getpid(), isWholeMachine: false);

        var loop = new EventLoop();
        var server = new AgentServer(loop, new AgentReady
        {
            AgentVersion = AgentVersion.Text,
            EntryNanoseconds = entry,
            MountedNanoseconds = entry,
            ListeningNanoseconds = Sys.Now(),
        });
        _ = new Listener(server, new ProcessMachine(server), Listen(socketPath));
        loop.Run();
        CgroupRoot.Close();
    }

    private static unsafe int Listen(string path)
    {
        int socket = Libc.socket(Linux.AF_UNIX, Linux.SOCK_STREAM | Linux.SOCK_CLOEXEC | Linux.SOCK_NONBLOCK, 0);
        Span<byte> address = stackalloc byte[110];
        address.Clear();
        address[0] = Linux.AF_UNIX;
        Sys.Utf8(path).CopyTo(address[2..]);
        fixed (byte* p = address)
        {
            if (socket < 0 || Libc.bind(socket, p, (uint)address.Length) < 0 || Libc.listen(socket, 128) < 0)
                throw LinuxException.Last("listen", path);
        }

        return socket;
    }
}
