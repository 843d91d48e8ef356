using System.Threading.Channels;
using Pyro.Protocol;
using Pyro.Trees;
using Pyro.Trees.Tar;

namespace Pyro.Workspaces.Files;

/// <summary>
/// Writes a source to a guest tool: one thread reads files into frames, and what is full goes to the guest meanwhile.
/// </summary>
internal sealed class TarSending : ITarOutput
{
    private const int FramesOnTheWay = 3;
    private const int FrameSize = Wire.HeaderSize + Wire.MaxPayload;
    private readonly Channel<(byte[] Frame, int Length)> _full = Channel.CreateBounded<(byte[] Frame, int Length)>(FramesOnTheWay);
    private readonly Channel<byte[]> _empty = Channel.CreateUnbounded<byte[]>();
    private readonly CancellationToken _stop;
    private byte[] _frame = new byte[FrameSize];
    private int _filled = Wire.HeaderSize;

    private TarSending(CancellationToken stop)
    {
        _stop = stop;
        for (int i = 0; i <= FramesOnTheWay; i++)
            _empty.Writer.TryWrite(new byte[FrameSize]);
    }

    Span<byte> ITarOutput.Space => _frame.AsSpan(_filled);

    /// <summary>Sends all of a source, and its end; returns early where the tool has ended, which reading it tells.</summary>
    /// <exception cref="PyroException">Something in the source is refused, or cannot be read.</exception>
    internal static async Task SendAsync(PushSource source, ToolStream tool, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sending = new TarSending(stop.Token);
        Task reading = Task.Factory.StartNew(() => sending.Read(source), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        bool taken = true;
        try
        {
            await foreach ((byte[] frame, int length) in sending._full.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                taken = await tool.WriteFramesAsync(frame.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
                if (!taken)
                    break;
                sending._empty.Writer.TryWrite(frame);
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (!taken)
            return;
        try
        {
            await reading.ConfigureAwait(false);
        }
        catch (TreeException e)
        {
            throw FileFailure.From(e, ErrorCodes.SyncRefused);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new PyroException(ErrorCodes.SyncRefused, $"the source cannot be read: {e.Message}", "Check that you may read it and that it is whole. Nothing was changed.", e);
        }

        await tool.WriteEndAsync(cancellationToken).ConfigureAwait(false);
    }

    void ITarOutput.Advance(int count)
    {
        _filled += count;
        if (_filled == FrameSize)
            Flush();
    }

    private void Read(PushSource source)
    {
        try
        {
            source.Send(this);
            Flush();
        }
        finally
        {
            _full.Writer.Complete();
        }
    }

    private void Flush()
    {
        if (_filled == Wire.HeaderSize)
            return;
        new FrameHeader(FrameType.ToolData, _filled - Wire.HeaderSize).Write(_frame);
        _full.Writer.WriteAsync((_frame, _filled), _stop).AsTask().GetAwaiter().GetResult();
        _frame = _empty.Reader.ReadAsync(_stop).AsTask().GetAwaiter().GetResult();
        _filled = Wire.HeaderSize;
    }
}
