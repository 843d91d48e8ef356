namespace Pyro.Bench.Torture;

/// <summary>Bytes to be sent, the second half of them not before it is told to: so that a transfer is under way for sure.</summary>
internal sealed class PacedStream(byte[] data) : MemoryStream(data, writable: false)
{
    private readonly TaskCompletionSource _half = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the first half was taken.</summary>
    internal Task HalfRead => _half.Task;

    internal void GoOn() => _goOn.TrySetResult();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        long half = Length / 2;
        if (Position >= half && !_goOn.Task.IsCompleted)
        {
            _half.TrySetResult();
            await _goOn.Task.WaitAsync(cancellationToken);
        }

        int most = _goOn.Task.IsCompleted ? buffer.Length : (int)Math.Min(buffer.Length, half - Position);
        return await base.ReadAsync(buffer[..most], cancellationToken);
    }
}
