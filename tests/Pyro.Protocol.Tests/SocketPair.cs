using System.Net;
using System.Net.Sockets;

namespace Pyro.Protocol.Tests;

/// <summary>Two connected streams.</summary>
internal sealed class SocketPair : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"pyro-{Guid.NewGuid():n}.sock");

    public SocketPair()
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        EndPoint address = new UnixDomainSocketEndPoint(_path);
        listener.Bind(address);
        listener.Listen();
        var host = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        host.Connect(address);
        Host = new NetworkStream(host, ownsSocket: true);
        Guest = new NetworkStream(listener.Accept(), ownsSocket: true);
    }

    public NetworkStream Host { get; }

    public NetworkStream Guest { get; }

    public void Dispose()
    {
        Host.Dispose();
        Guest.Dispose();
        File.Delete(_path);
    }
}
