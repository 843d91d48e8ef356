namespace Pyro.Protocol;

/// <summary>
/// End all processes, write everything to disk, make the root disk read-only and power the machine off. Answered with
/// <see cref="FrameType.Done"/> when all is on disk; the power goes once the host has closed the connection, and soon in
/// any case.
/// </summary>
public sealed class PowerOffRequest : IMessage<PowerOffRequest>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.PowerOff;

    /// <summary>The protocol version of the sender.</summary>
    public ushort Version { get; init; } = Wire.Version;

    /// <summary>Start again rather than power off.</summary>
    public bool Reboot { get; init; }

    /// <summary>Milliseconds between SIGTERM and SIGKILL to processes that still run; at most 60,000 are waited.</summary>
    public uint GraceMilliseconds { get; init; } = 500;

    /// <inheritdoc/>
    public int Measure() => sizeof(ushort) + sizeof(byte) + sizeof(uint);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteUInt16(Version);
        writer.WriteByte(Reboot ? (byte)1 : (byte)0);
        writer.WriteUInt32(GraceMilliseconds);
    }

    /// <inheritdoc/>
    public static PowerOffRequest Read(ref PayloadReader reader) => new()
    {
        Version = reader.ReadUInt16(),
        Reboot = reader.ReadByte() != 0,
        GraceMilliseconds = reader.ReadUInt32(),
    };
}
