namespace Pyro.Protocol;

/// <summary>
/// The guest goes on from a snapshot that others go on from too: become a machine of its own. Comes before any other
/// request, and is answered with <see cref="FrameType.Done"/> once all of it is in effect.
/// </summary>
public sealed class ResumeRequest : IMessage<ResumeRequest>
{
    /// <summary>Most bytes of <see cref="Entropy"/>.</summary>
    public const int MaxEntropy = 512;

    /// <inheritdoc/>
    public static FrameType Type => FrameType.Resume;

    /// <summary>The protocol version of the sender.</summary>
    public ushort Version { get; init; } = Wire.Version;

    /// <summary>Nanoseconds since 1970-01-01 UTC.</summary>
    public required ulong UnixNanoseconds { get; init; }

    /// <summary>Random bytes for the kernel's pool, which is reseeded from them at once.</summary>
    public required ReadOnlyMemory<byte> Entropy { get; init; }

    /// <summary>What <c>/etc/machine-id</c> holds from now on: 32 hexadecimal digits. Empty: as it was.</summary>
    public required string MachineId { get; init; }

    /// <summary>The host name from now on. Empty: as it was.</summary>
    public string HostName { get; init; } = "";

    /// <inheritdoc/>
    public int Measure() => sizeof(ushort) + sizeof(ulong) + sizeof(uint) + Entropy.Length + PayloadWriter.SizeOf(MachineId) + PayloadWriter.SizeOf(HostName);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteUInt16(Version);
        writer.WriteUInt64(UnixNanoseconds);
        writer.WriteBytes(Entropy.Span);
        writer.WriteString(MachineId);
        writer.WriteString(HostName);
    }

    /// <inheritdoc/>
    public static ResumeRequest Read(ref PayloadReader reader) => new()
    {
        Version = reader.ReadUInt16(),
        UnixNanoseconds = reader.ReadUInt64(),
        Entropy = reader.ReadBytes(MaxEntropy).ToArray(),
        MachineId = reader.ReadString(),
        HostName = reader.ReadString(),
    };
}
