using Pyro.Agent.Loop;
using Pyro.Agent.Native;
using Pyro.Protocol;

namespace Pyro.Agent.Init;

/// <summary>Says ready to the host, at once where the connection is there already. A host that does not listen is fine.</summary>
internal sealed unsafe class ReadyNotice : IEventTarget
{
    private readonly EventLoop _loop;
    private readonly byte[] _frame;
    private int _socket;
    private int _slot = -1;

    public ReadyNotice(EventLoop loop, int socket, AgentReady ready)
    {
        _loop = loop;
        _socket = socket;
        _frame = Frame.Encode(ready);
        if (!TrySend())
            _slot = loop.Add(socket, Linux.EPOLLOUT, this, 0);
    }

    /// <inheritdoc/>
    public void OnEvents(int source, uint events)
    {
        if (!TrySend())
            Close();
    }

    /// <inheritdoc/>
    public void OnFault(Exception exception) => Close();

    // The frame is far smaller than any socket buffer: it is sent whole or not at all.
    private bool TrySend()
    {
        fixed (byte* p = _frame)
        {
            if (Libc.send(_socket, p, (nuint)_frame.Length, Linux.MSG_NOSIGNAL) < 0)
                return false;
        }

        Close();
        return true;
    }

    private void Close()
    {
        _loop.Remove(ref _slot);
        Sys.Close(ref _socket);
    }
}
