namespace Pyro.Protocol;

/// <summary>How a command ended.</summary>
/// <param name="Code">Its exit code, 0 to 255; 0 where a signal ended it.</param>
/// <param name="Signal">The signal that ended it, or 0.</param>
/// <param name="TimedOut">Whether the time limit ended it.</param>
public readonly record struct ExitedMessage(int Code, int Signal, bool TimedOut) : IMessage<ExitedMessage>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.Exited;

    /// <summary>The code a shell would tell: 128 and the signal's number where a signal ended the command.</summary>
    public int ShellCode => Signal != 0 ? 128 + Signal : Code;

    /// <inheritdoc/>
    public int Measure() => sizeof(int) + sizeof(int) + sizeof(byte);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteInt32(Code);
        writer.WriteInt32(Signal);
        writer.WriteByte(TimedOut ? (byte)1 : (byte)0);
    }

    /// <inheritdoc/>
    public static ExitedMessage Read(ref PayloadReader reader) => new(reader.ReadInt32(), reader.ReadInt32(), reader.ReadByte() != 0);
}
