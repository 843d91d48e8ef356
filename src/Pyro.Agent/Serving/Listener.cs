using Pyro.Agent.Loop;
using Pyro.Agent.Native;

namespace Pyro.Agent.Serving;

/// <summary>Accepts connections.</summary>
internal sealed unsafe class Listener : IEventTarget
{
    private const int MaxConnections = 4096;
    private readonly AgentServer _server;
    private readonly IMachine _machine;
    private readonly int _socket;
    private int _connections;

    /// <summary>Accepts from a listening, non-blocking socket.</summary>
    public Listener(AgentServer server, IMachine machine, int socket)
    {
        _server = server;
        _machine = machine;
        _socket = socket;
        server.Loop.Add(socket, Linux.EPOLLIN, this, 0);
    }

    /// <summary>A connection was closed: one that waited, for want of a descriptor, can be accepted.</summary>
    public void OnClosed()
    {
        _connections--;
        _server.Loop.Again(this);
    }

    /// <inheritdoc/>
    public void OnEvents(int source, uint events) => Accept();

    /// <inheritdoc/>
    public void OnAgain() => Accept();

    /// <inheritdoc/>
    public void OnFault(Exception exception) => Sys.Log(exception.Message);

    private void Accept()
    {
        while (_connections < MaxConnections)
        {
            int fd = Libc.accept4(_socket, null, null, Linux.SOCK_CLOEXEC | Linux.SOCK_NONBLOCK);
            if (fd >= 0)
            {
                _connections++;
                _ = new Connection(_server, this, _machine, fd);
                continue;
            }

            // Out of descriptors or memory: the next close calls again. A connection that is gone already is no news.
            int errno = Sys.Errno;
            if (errno is Linux.EAGAIN or Linux.EMFILE or Linux.ENFILE or Linux.ENOMEM or Linux.ENOBUFS)
                return;
        }
    }
}
