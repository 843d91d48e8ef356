namespace Pyro.Protocol.Tests;

/// <summary>A peer that says what it was given and listens to nothing.</summary>
internal sealed class EchoFreeStream(byte[] bytes) : MemoryStream(bytes)
{
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        => ValueTask.CompletedTask;
}
