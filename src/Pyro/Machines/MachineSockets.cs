using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Protocol;

namespace Pyro.Machines;

/// <summary>The Unix sockets in a machine's runtime folder, by which host and guest, and host and machine, reach each other.</summary>
internal sealed class MachineSockets : IDisposable
{
    private readonly FileDescriptor _vsock;
    private readonly FileDescriptor? _control;
    private readonly Socket _ready;

    /// <param name="folder">The machine's runtime folder.</param>
    /// <param name="withControl">Whether others than this process are to talk to the machine's process.</param>
    internal MachineSockets(string folder, bool withControl = false)
    {
        Path = VsockPath(folder);
        string readyPath = $"{Path}_{Wire.ReadyPort}";
        if (System.Text.Encoding.UTF8.GetByteCount(readyPath) > UnixSocket.MaxPath)
        {
            throw new PyroException(
                ErrorCodes.FolderFailed,
                $"the folder {folder} has too long a name for a socket in it",
                "Point XDG_RUNTIME_DIR at a folder with a shorter one.");
        }

        _vsock = UnixSocket.Listen(Path);
        _control = withControl ? UnixSocket.Listen(ControlPath(folder)) : null;
        _ready = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _ready.Bind(new UnixDomainSocketEndPoint(readyPath));
        File.SetUnixFileMode(readyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _ready.Listen(1);
    }

    /// <summary>Where the host connects to the guest.</summary>
    internal string Path { get; }

    /// <summary>The listening socket for the VMM process; it stays this object's.</summary>
    internal SafeFileHandle VsockDescriptor => new(_vsock.Number, ownsHandle: false);

    /// <summary>The listening socket on which the VMM process takes requests from others, if it is to; it stays this object's.</summary>
    internal SafeFileHandle? ControlDescriptor => _control is null ? null : new(_control.Number, ownsHandle: false);

    /// <summary>Where the host connects to the guest of a machine with this runtime folder.</summary>
    internal static string VsockPath(string folder) => System.IO.Path.Combine(folder, "vsock.sock");

    /// <summary>Where the host talks to the process of a machine with this runtime folder.</summary>
    internal static string ControlPath(string folder) => System.IO.Path.Combine(folder, "control.sock");

    /// <summary>Waits until the agent says that it takes commands.</summary>
    internal async Task<AgentReady> AcceptReadyAsync(CancellationToken cancellationToken)
    {
        using Socket connection = await _ready.AcceptAsync(cancellationToken).ConfigureAwait(false);
        await using var stream = new NetworkStream(connection);
        return await GuestConnection.ReadReadyAsync(stream, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes what this process has of them. Their paths stay for as long as the folder does.</summary>
    public void Dispose()
    {
        _vsock.Dispose();
        _control?.Dispose();
        _ready.Dispose();
    }
}
