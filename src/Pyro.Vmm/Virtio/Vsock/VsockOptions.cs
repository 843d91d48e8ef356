namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>Limits of a vsock device.</summary>
public sealed record VsockOptions
{
    /// <summary>The most connections at once, both directions together. Further ones are refused.</summary>
    public int MaxConnections { get; init; } = 2048;

    /// <summary>The most host programs at once that have connected and not yet sent their <c>CONNECT</c> line. Further ones wait in the listener's backlog.</summary>
    public int MaxGreetings { get; init; } = 256;

    /// <summary>Milliseconds a host program has to send its <c>CONNECT</c> line.</summary>
    public int GreetingTimeout { get; init; } = 5_000;

    /// <summary>Milliseconds the guest has to answer a connection of the host.</summary>
    public int RequestTimeout { get; init; } = 10_000;

    /// <summary>Milliseconds that a connection of the guest waits for room in the backlog of a host program.</summary>
    public int ConnectTimeout { get; init; } = 2_000;

    /// <summary>Milliseconds the guest has to confirm that a connection is closed, before it is reset.</summary>
    public int CloseTimeout { get; init; } = 8_000;

    /// <summary>Bytes buffered of the guest's, for a connection whose host program does not read: the <c>buf_alloc</c> it is told. A multiple of 4096.</summary>
    public int BufferBytes { get; init; } = 256 << 10;

    /// <summary>The same for connections made while there are <see cref="ManyConnections"/> already, so that a thousand of them stay affordable.</summary>
    public int SmallBufferBytes { get; init; } = 64 << 10;

    /// <summary>From how many connections on new ones get <see cref="SmallBufferBytes"/>.</summary>
    public int ManyConnections { get; init; } = 64;
}
