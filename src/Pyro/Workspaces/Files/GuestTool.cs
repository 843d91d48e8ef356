using System.Net.Sockets;
using Pyro.Protocol;

namespace Pyro.Workspaces.Files;

/// <summary>A guest tool that runs, with its failures as users are told of them.</summary>
internal sealed class GuestTool : IAsyncDisposable
{
    private readonly ToolStream _stream;
    private readonly string _refused;

    private GuestTool(ToolStream stream, string refused)
    {
        _stream = stream;
        _refused = refused;
    }

    internal ToolStream Stream => _stream;

    /// <summary>Starts one.</summary>
    /// <param name="connect">Makes a connection to the guest's agent.</param>
    /// <param name="tool">One of <see cref="ToolNames"/>.</param>
    /// <param name="root">What it works below.</param>
    /// <param name="refused">The code for an entry that is not taken.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PyroException">The guest is gone or refuses.</exception>
    internal static Task<GuestTool> StartAsync(Func<CancellationToken, Task<GuestConnection>> connect, string tool, string root, string refused, CancellationToken cancellationToken)
        => TranslateAsync(async () =>
        {
            GuestConnection connection = await connect(cancellationToken).ConfigureAwait(false);
            try
            {
                return new GuestTool(await ToolStream.StartAsync(connection, tool, root, cancellationToken).ConfigureAwait(false), refused);
            }
            catch
            {
                await connection.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        });

    /// <summary>The next frame, of one of two types.</summary>
    /// <exception cref="PyroException">The tool failed, or the guest is gone.</exception>
    internal async Task<ToolFrame> ReadAsync(FrameType expected, FrameType orElse, CancellationToken cancellationToken)
    {
        ToolFrame frame = await ReadAnyAsync(cancellationToken).ConfigureAwait(false);
        if (frame.Type == expected || frame.Type == orElse)
            return frame;

        using (frame)
        {
            throw frame.Type == FrameType.ToolFailed
                ? FileFailure.From(Frame.Decode<ToolFailedMessage>(frame.Payload.Span), _refused)
                : new PyroException(ErrorCodes.AgentFailed, "the guest's tool answered something else than it was asked", "Build the agent and pyro together: ./build.sh");
        }
    }

    /// <summary>The next frame, whatever it is.</summary>
    internal Task<ToolFrame> ReadAnyAsync(CancellationToken cancellationToken)
        => TranslateAsync(() => _stream.ReadAsync(cancellationToken).AsTask());

    /// <summary>Waits for the end.</summary>
    internal async Task<ToolDoneMessage> DoneAsync(CancellationToken cancellationToken)
    {
        using ToolFrame frame = await ReadAsync(FrameType.ToolDone, FrameType.ToolDone, cancellationToken).ConfigureAwait(false);
        return Frame.Decode<ToolDoneMessage>(frame.Payload.Span);
    }

    /// <summary>Lets the tool clean up and end, where there is nothing to go on with.</summary>
    internal async Task AbandonAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _stream.AbandonAsync(cancellationToken).ConfigureAwait(false);
            while (true)
                (await _stream.ReadAsync(cancellationToken).ConfigureAwait(false)).Dispose();
        }
        catch (Exception e) when (e is ToolEndedException or GuestConnectionLostException or ProtocolException)
        {
            // It has ended; why the work could not go on is told already.
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private static async Task<T> TranslateAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (ToolEndedException e)
        {
            throw new PyroException(ErrorCodes.FileFailed, "the guest's tool was ended before it was done", "The machine may be short of memory. Nothing was changed; do it again.", e);
        }
        catch (GuestRequestException e)
        {
            throw new PyroException(ErrorCodes.ExecFailed, $"the guest refused the work: {WorkspacePath.Shown(e.Message)}", "Look at the machine: pyro workspace status ID", e);
        }
        catch (Exception e) when (e is GuestConnectionLostException or SocketException or ProtocolException)
        {
            throw new PyroException(ErrorCodes.MachineDied, "the connection to the guest's agent broke", "Look at the machine: pyro workspace status ID", e);
        }
    }
}
