namespace Pyro.Protocol.Tests;

/// <summary>Gives its bytes in pieces of random size.</summary>
internal sealed class ChoppedStream(byte[] bytes, Random random) : MemoryStream(bytes)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        => base.ReadAsync(buffer[..Math.Min(buffer.Length, random.Next(1, 9000))], cancellationToken);
}
