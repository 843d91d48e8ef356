using System.Net.Sockets;
using System.Text;

namespace Pyro.Protocol;

/// <summary>The host's end of one connection to the agent, which carries one request.</summary>
public sealed class GuestConnection : IAsyncDisposable
{
    private readonly Stream _stream;
    private readonly FrameReader _reader;
    private readonly FrameWriter _writer;
    private bool _used;

    /// <summary>Takes a stream whose other end is the agent, after any handshake; it is closed with the connection.</summary>
    public GuestConnection(Stream stream)
    {
        _stream = stream;
        _reader = new FrameReader(stream);
        _writer = new FrameWriter(stream);
    }

    /// <summary>
    /// Connects through a VMM's vsock socket: says <c>CONNECT port</c> and waits for <c>OK</c>.
    /// </summary>
    /// <param name="socketPath">The Unix socket of the machine's vsock device.</param>
    /// <param name="port">The port in the guest.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SocketException">Nobody listens on the socket.</exception>
    /// <exception cref="GuestConnectionLostException">Nobody listens on the port in the guest.</exception>
    public static async Task<GuestConnection> ConnectAsync(string socketPath, uint port = Wire.AgentPort, CancellationToken cancellationToken = default)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken).ConfigureAwait(false);
            await ShakeHandsAsync(socket, port, cancellationToken).ConfigureAwait(false);
            return new GuestConnection(new NetworkStream(socket, ownsSocket: true));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Reads what an agent says on the ready connection.</summary>
    /// <exception cref="ProtocolException">Something else came.</exception>
    public static async Task<AgentReady> ReadReadyAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        var reader = new FrameReader(stream);
        if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false) || reader.Type != FrameType.Ready)
            throw new ProtocolException("the agent did not say that it is ready");

        return Frame.Decode<AgentReady>(reader.Payload.Span);
    }

    /// <summary>Starts a command. The stream that is returned owns this connection.</summary>
    /// <exception cref="GuestRequestException">The command was refused; a missing one is not: it exits with 127.</exception>
    /// <exception cref="GuestConnectionLostException">The guest is gone.</exception>
    public async Task<ExecStream> ExecAsync(ExecRequest request, CancellationToken cancellationToken = default)
    {
        await SendAsync(request, cancellationToken).ConfigureAwait(false);
        await ReadReplyAsync(FrameType.Started, cancellationToken).ConfigureAwait(false);
        StartedMessage started = Frame.Decode<StartedMessage>(_reader.Payload.Span);
        return new ExecStream(_stream, _reader, _writer, started.ProcessId);
    }

    /// <summary>Asks how the agent is.</summary>
    /// <exception cref="GuestRequestException">The agent refused.</exception>
    /// <exception cref="GuestConnectionLostException">The guest is gone.</exception>
    public async Task<AgentInfo> InfoAsync(CancellationToken cancellationToken = default)
    {
        await SendAsync(new InfoRequest(), cancellationToken).ConfigureAwait(false);
        await ReadReplyAsync(FrameType.InfoReply, cancellationToken).ConfigureAwait(false);
        return Frame.Decode<AgentInfo>(_reader.Payload.Span);
    }

    /// <summary>Makes a guest that goes on from a snapshot a machine of its own; comes before everything else.</summary>
    /// <exception cref="GuestRequestException">The agent refused, or could not do a part of it.</exception>
    /// <exception cref="GuestConnectionLostException">The guest is gone.</exception>
    public Task ResumeAsync(ResumeRequest request, CancellationToken cancellationToken = default) => CallAsync(request, cancellationToken);

    /// <summary>Has all processes of the guest stand still until this connection is disposed of; returns when they do.</summary>
    /// <exception cref="GuestRequestException">They did not stop in time, and go on.</exception>
    /// <exception cref="GuestConnectionLostException">The guest is gone.</exception>
    public async Task HoldAsync(HoldRequest request, CancellationToken cancellationToken = default)
    {
        await SendAsync(request, cancellationToken).ConfigureAwait(false);
        await ReadReplyAsync(FrameType.Held, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes everything in the guest to its disks.</summary>
    /// <exception cref="GuestRequestException">The agent refused.</exception>
    /// <exception cref="GuestConnectionLostException">The guest is gone.</exception>
    public Task SyncAsync(CancellationToken cancellationToken = default) => CallAsync(new SyncRequest(), cancellationToken);

    /// <summary>
    /// Ends all processes in the guest and writes everything to its disks; returns when that is done. The power goes
    /// once this connection is disposed of.
    /// </summary>
    /// <exception cref="GuestRequestException">The agent refused.</exception>
    /// <exception cref="GuestConnectionLostException">The guest is gone.</exception>
    public Task PowerOffAsync(PowerOffRequest request, CancellationToken cancellationToken = default) => CallAsync(request, cancellationToken);

    /// <summary>Closes the connection; a command that runs on it is killed with all it started.</summary>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task CallAsync<T>(T request, CancellationToken cancellationToken)
        where T : IMessage<T>
    {
        await SendAsync(request, cancellationToken).ConfigureAwait(false);
        await ReadReplyAsync(FrameType.Done, cancellationToken).ConfigureAwait(false);
    }

    private async Task SendAsync<T>(T request, CancellationToken cancellationToken)
        where T : IMessage<T>
    {
        if (_used)
            throw new InvalidOperationException("a connection carries one request");

        _used = true;
        try
        {
            await _writer.WriteAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new GuestConnectionLostException("the connection to the guest's agent broke", e);
        }
    }

    private async Task ReadReplyAsync(FrameType expected, CancellationToken cancellationToken)
    {
        while (await ReadFrameAsync(_reader, cancellationToken).ConfigureAwait(false))
        {
            if (_reader.Type == expected)
                return;
            if (_reader.Type == FrameType.Failed)
                throw Failure(_reader);
        }

        throw new GuestConnectionLostException("the connection to the guest's agent ended before its answer");
    }

    internal static async ValueTask<bool> ReadFrameAsync(FrameReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new GuestConnectionLostException("the connection to the guest's agent broke", e);
        }
    }

    internal static GuestRequestException Failure(FrameReader reader)
    {
        FailedMessage failed = Frame.Decode<FailedMessage>(reader.Payload.Span);
        return new GuestRequestException(failed.Code, failed.Message);
    }

    private static async Task ShakeHandsAsync(Socket socket, uint port, CancellationToken cancellationToken)
    {
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes($"CONNECT {port}\n"), cancellationToken).ConfigureAwait(false);
            await ReadOkAsync(socket, port, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw new GuestConnectionLostException($"the connection to vsock port {port} in the guest broke", e);
        }
    }

    // Byte by byte: what follows the line is the agent's already.
    private static async Task ReadOkAsync(Socket socket, uint port, CancellationToken cancellationToken)
    {
        var line = new byte[32];
        int length = 0;
        while (length < line.Length)
        {
            if (await socket.ReceiveAsync(line.AsMemory(length, 1), cancellationToken).ConfigureAwait(false) == 0)
                throw new GuestConnectionLostException($"nobody in the guest listens on vsock port {port}");
            if (line[length++] == (byte)'\n')
                break;
        }

        if (!line.AsSpan(0, length).StartsWith("OK "u8))
            throw new ProtocolException("the vsock socket did not answer OK");
    }
}
