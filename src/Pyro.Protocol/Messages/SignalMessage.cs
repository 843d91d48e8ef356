namespace Pyro.Protocol;

/// <summary>
/// Send a signal to the command's process group; with a terminal, INT, QUIT, TSTP and WINCH go to its foreground group.
/// </summary>
/// <param name="Number">The signal's Linux number, 1 to 64.</param>
public readonly record struct SignalMessage(int Number) : IMessage<SignalMessage>
{
    /// <inheritdoc/>
    public static FrameType Type => FrameType.Signal;

    /// <inheritdoc/>
    public int Measure() => sizeof(int);

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer) => writer.WriteInt32(Number);

    /// <inheritdoc/>
    public static SignalMessage Read(ref PayloadReader reader)
    {
        int number = reader.ReadInt32();
        return number is >= 1 and <= 64 ? new SignalMessage(number) : throw new ProtocolException($"there is no signal {number}");
    }
}
