using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm.Native;
using Pyro.Vmm.Virtio;
using Pyro.Vmm.Virtio.Vsock;

namespace Pyro.Vmm.Tests.Virtio.Vsock;

/// <summary>A device between a mock guest and real Unix sockets in a folder of its own.</summary>
internal sealed class VsockBench : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pyro-vsock-").FullName;
    private readonly List<Socket> _sockets = [];

    internal VsockBench(VsockOptions? options = null, ulong features = VirtioFeatures.Transport, uint receiveBufferBytes = 4096)
    {
        Socket listener = Listen(BasePath);
        // The device owns its listener, as it does one that came from another process.
        int copy = SocketCalls.fcntl((int)listener.SafeHandle.DangerousGetHandle(), Uapi.F_DUPFD_CLOEXEC, 0);
        Device = new VirtioVsock(GuestVsock.Cid, new SafeFileHandle(copy, true), BasePath, options);
        Guest = new GuestVsock(Device, features, receiveBufferBytes);
    }

    internal string BasePath => Path.Combine(_folder, "vsock.sock");

    internal VirtioVsock Device { get; }

    internal GuestVsock Guest { get; }

    internal VsockStatistics Statistics => Device.Statistics;

    /// <summary>A host program that listens for the guest.</summary>
    internal Socket ListenForGuest(uint port, int backlog = 512) => Listen($"{BasePath}_{port}", backlog);

    /// <summary>A host program connected to the device, before it says anything.</summary>
    internal Socket ConnectSilently()
    {
        Socket socket = New();
        socket.Connect(new UnixDomainSocketEndPoint(BasePath));
        return socket;
    }

    internal Socket ConnectSaying(string line)
    {
        Socket socket = ConnectSilently();
        socket.Send(Encoding.ASCII.GetBytes(line));
        return socket;
    }

    /// <summary>A host program connected to a port of the guest.</summary>
    internal Socket Connect(uint port)
    {
        Socket socket = ConnectSaying($"CONNECT {port}\n");
        Assert.StartsWith("OK ", ReadLine(socket), StringComparison.Ordinal);
        return socket;
    }

    /// <summary>Both ends of a connection that a host program opened.</summary>
    internal (Socket Host, GuestSocket Guest) Pair(uint port = 1024)
    {
        Guest.Listen(port);
        Socket host = Connect(port);
        return (host, Guest.Accept(port));
    }

    /// <summary>Both ends of a connection that the guest opened.</summary>
    internal (Socket Host, GuestSocket Guest) PairFromGuest(uint port = 1025)
    {
        using Socket listener = ListenForGuest(port);
        GuestSocket? guest = Guest.Connect(port);
        Assert.NotNull(guest);
        return (Adopt(listener.Accept()), guest);
    }

    internal Socket Adopt(Socket socket)
    {
        socket.ReceiveTimeout = GuestSocket.Timeout;
        socket.SendTimeout = GuestSocket.Timeout;
        _sockets.Add(socket);
        return socket;
    }

    internal static string ReadLine(Socket socket)
    {
        var line = new StringBuilder();
        byte[] one = new byte[1];
        while (socket.Receive(one) == 1 && one[0] != '\n')
            line.Append((char)one[0]);
        return line.ToString();
    }

    internal static byte[] ReceiveExactly(Socket socket, int count)
    {
        byte[] data = new byte[count];
        for (int done = 0; done < count;)
        {
            int part = socket.Receive(data.AsSpan(done));
            Assert.True(part > 0, $"the stream ended after {done} of {count} bytes");
            done += part;
        }

        return data;
    }

    /// <summary>The other end has closed, in whatever way.</summary>
    internal static bool IsClosed(Socket socket)
    {
        try
        {
            return socket.Receive(new byte[1]) == 0;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return true;
        }
    }

    /// <summary>A new connection works both ways.</summary>
    internal void AssertStillWorks(uint port)
    {
        (Socket host, GuestSocket guest) = Pair(port);
        host.Send("ping"u8);
        Assert.Equal("ping"u8, guest.ReceiveExactly(4));
        Assert.True(guest.SendAll("pong"u8));
        Assert.Equal("pong"u8, ReceiveExactly(host, 4));
        guest.Close();
        Assert.True(IsClosed(host));
    }

    public void Dispose()
    {
        Guest.Dispose();
        foreach (Socket socket in _sockets)
            socket.Dispose();
        Directory.Delete(_folder, true);
    }

    private Socket Listen(string path, int backlog = 512)
    {
        Socket socket = New();
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(backlog);
        return socket;
    }

    private Socket New() => Adopt(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
}
