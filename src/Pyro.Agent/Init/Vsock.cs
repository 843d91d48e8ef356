using Pyro.Agent.Native;

namespace Pyro.Agent.Init;

/// <summary>Sockets between guest and host; see vsock(7).</summary>
internal static unsafe class Vsock
{
    private const int Backlog = 128;

    /// <summary>A socket that listens on a port, and does not block.</summary>
    public static int Listen(uint port)
    {
        int socket = Create();
        var address = new VsockAddress(Linux.VMADDR_CID_ANY, port);
        if (Libc.bind(socket, &address, (uint)sizeof(VsockAddress)) < 0)
            throw LinuxException.Last("bind", "vsock port " + port);
        if (Libc.listen(socket, Backlog) < 0)
            throw LinuxException.Last("listen", "vsock port " + port);
        return socket;
    }

    /// <summary>A socket whose connection is begun; it is writable once that is done or has failed.</summary>
    public static int BeginConnect(uint cid, uint port)
    {
        int socket = Create();
        var address = new VsockAddress(cid, port);
        // A refusal is told, like success, when the socket is written to.
        _ = Libc.connect(socket, &address, (uint)sizeof(VsockAddress));
        return socket;
    }

    private static int Create()
    {
        int socket = Libc.socket(Linux.AF_VSOCK, Linux.SOCK_STREAM | Linux.SOCK_CLOEXEC | Linux.SOCK_NONBLOCK, 0);
        return socket < 0 ? throw LinuxException.Last("socket", "vsock") : socket;
    }
}
