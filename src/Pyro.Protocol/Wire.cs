namespace Pyro.Protocol;

/// <summary>
/// The numbers host and guest agree on. A frame is <c>u32 payload length | u8 type | payload</c>, integers
/// little-endian; one connection carries one request. docs/protocol.md tells the whole of it.
/// </summary>
public static class Wire
{
    /// <summary>Protocol version, in every request and in the ready message. Raised only when old peers would misread.</summary>
    public const ushort Version = 1;

    /// <summary>The vsock port the agent listens on.</summary>
    public const uint AgentPort = 1024;

    /// <summary>The vsock port on the host to which the agent says that it is ready.</summary>
    public const uint ReadyPort = 1025;

    /// <summary>The host's vsock address (VMADDR_CID_HOST, linux/vm_sockets.h).</summary>
    public const uint HostCid = 2;

    /// <summary>Bytes of a frame before its payload.</summary>
    public const int HeaderSize = 5;

    /// <summary>Largest payload, in bytes, of every frame that is not a request.</summary>
    public const int MaxPayload = 64 * 1024;

    /// <summary>Largest payload, in bytes, of a request, which carries a whole command line and environment.</summary>
    public const int MaxRequestPayload = 1024 * 1024;

    /// <summary>
    /// Largest payload a frame of this type may have. Given for unknown types too, so that a receiver can read, and
    /// refuse or skip, what a newer peer sends.
    /// </summary>
    public static int MaxPayloadOf(FrameType type) => IsRequest(type) ? MaxRequestPayload : MaxPayload;

    /// <summary>Whether the type lies in the range of requests (1 to 31), known or not.</summary>
    public static bool IsRequest(FrameType type) => (byte)type is > 0 and < 0x20;
}
