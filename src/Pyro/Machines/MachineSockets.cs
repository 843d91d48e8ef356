using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Pyro.Protocol;

namespace Pyro.Machines;

/// <summary>The Unix sockets by which host and guest reach each other.</summary>
internal sealed class MachineSockets : IDisposable
{
    // sun_path of sockaddr_un is 108 bytes with its NUL, and the longest name here is vsock.sock_1025.
    private const int MaxPath = 107;

    private readonly Socket _vsock;
    private readonly Socket _ready;

    internal MachineSockets(string folder)
    {
        Path = System.IO.Path.Combine(folder, "vsock.sock");
        string readyPath = $"{Path}_{Wire.ReadyPort}";
        if (System.Text.Encoding.UTF8.GetByteCount(readyPath) > MaxPath)
        {
            throw new PyroException(
                ErrorCodes.FolderFailed,
                $"the folder {folder} has too long a name for a socket in it",
                "Point XDG_RUNTIME_DIR at a folder with a shorter one.");
        }
        _vsock = Listen(Path);
        _ready = Listen(readyPath);
    }

    /// <summary>Where the host connects to the guest.</summary>
    internal string Path { get; }

    /// <summary>The listening socket for the VMM process; it stays this object's.</summary>
    internal SafeFileHandle VsockDescriptor => new(_vsock.Handle, ownsHandle: false);

    /// <summary>Waits until the agent says that it takes commands.</summary>
    internal async Task<AgentReady> AcceptReadyAsync(CancellationToken cancellationToken)
    {
        using Socket connection = await _ready.AcceptAsync(cancellationToken).ConfigureAwait(false);
        await using var stream = new NetworkStream(connection);
        return await GuestConnection.ReadReadyAsync(stream, cancellationToken).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _vsock.Dispose();
        _ready.Dispose();
    }

    private static Socket Listen(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        socket.Listen(128);
        return socket;
    }
}
