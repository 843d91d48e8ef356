using Pyro.Agent.Exec;
using Pyro.Agent.Loop;
using Pyro.Agent.Native;
using Pyro.Agent.Serving;
using Pyro.Protocol;

namespace Pyro.Agent.Init;

/// <summary>
/// The agent as PID 1. What the host waits for comes first: the connection that says ready is begun before the root disk
/// is mounted, so that the VMM opens its side meanwhile, and what only commands need is done after ready was said.
/// </summary>
internal static class GuestInit
{
    /// <summary>Brings the guest up and serves; never returns.</summary>
    /// <param name="entry">When the agent's first instruction ran.</param>
    public static void Run(ulong entry)
    {
        try
        {
            Serve(entry);
        }
        catch (Exception e)
        {
            Fatal(e.Message);
        }
    }

    private static void Serve(ulong entry)
    {
        Mounts.MountDevices();
        Descriptors.EnsureStandard();
        _ = Libc.signal(Linux.SIGPIPE, Linux.SIG_IGN);
        _ = Libc.umask(0x12);

        int listener = Vsock.Listen(Wire.AgentPort);
        int readySocket = Vsock.BeginConnect(Wire.HostCid, Wire.ReadyPort);
        var commandLine = KernelCommandLine.Read();
        RootDisk.Enter(commandLine);
        ulong mounted = Sys.Now();

        var loop = new EventLoop();
        var ready = new AgentReady
        {
            AgentVersion = AgentVersion.Text,
            EntryNanoseconds = entry,
            MountedNanoseconds = mounted,
            ListeningNanoseconds = Sys.Now(),
        };
        var server = new AgentServer(loop, ready);
        _ = new ReadyNotice(loop, readySocket, ready);

        // No command runs before the loop does.
        Mounts.MountRest();
        Settings.Apply(commandLine);
        CgroupRoot.Open("/sys/fs/cgroup", "pyro", isWholeMachine: true);
        _ = new Listener(server, new GuestMachine(), listener);
        loop.Run();
    }

    // The console is the one place where somebody can see it. Every kernel can reset; not every one can switch off.
    private static unsafe void Fatal(string message)
    {
        Descriptors.EnsureStandard();
        Sys.Log("fatal: " + message);
        Libc.sync();
        _ = Libc.reboot(Linux.RB_AUTOBOOT);
        var second = new Timespec { Seconds = 1 };
        while (true)
            _ = Libc.nanosleep(&second, null);
    }
}
