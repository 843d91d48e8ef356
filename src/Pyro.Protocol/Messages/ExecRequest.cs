namespace Pyro.Protocol;

/// <summary>Run a command in the guest.</summary>
public sealed class ExecRequest : IMessage<ExecRequest>
{
    private const byte HasStdin = 1;
    private const byte HasTerminal = 2;
    private const byte HasClearedEnvironment = 4;
    private const byte IsTool = 8;

    /// <inheritdoc/>
    public static FrameType Type => FrameType.Exec;

    /// <summary>The protocol version of the sender.</summary>
    public ushort Version { get; init; } = Wire.Version;

    /// <summary>The command and its arguments; a command without a slash is looked up in the PATH of its environment.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Variables set over the agent's defaults (PATH, HOME, USER, LOGNAME, LANG, and TERM with a terminal).</summary>
    public IReadOnlyList<EnvironmentVariable> Environment { get; init; } = [];

    /// <summary>Start from an empty environment rather than from the agent's defaults.</summary>
    public bool ClearEnvironment { get; init; }

    /// <summary>The working directory; empty for the home folder, and <c>/</c> where that is missing.</summary>
    public string WorkingDirectory { get; init; } = "";

    /// <summary>Give the command a terminal of this size; its output is then one stream, told as standard output.</summary>
    public TerminalSize? Terminal { get; init; }

    /// <summary>Kill the command and all it started after so many milliseconds; 0 for no limit.</summary>
    public uint TimeoutMilliseconds { get; init; }

    /// <summary>Whether the host will send standard input; without it, it is <c>/dev/null</c>. A terminal always has it.</summary>
    public bool Stdin { get; init; }

    /// <summary>
    /// The first argument names one of the agent's own tools (<see cref="ToolNames"/>) rather than a program in the guest: it
    /// runs with an environment and a working directory of its own, whatever the request says.
    /// </summary>
    public bool Tool { get; init; }

    /// <inheritdoc/>
    public int Measure()
    {
        int size = sizeof(ushort) + sizeof(byte) + (2 * sizeof(ushort)) + sizeof(uint)
            + PayloadWriter.SizeOf(WorkingDirectory) + sizeof(uint) + sizeof(uint);
        foreach (string argument in Arguments)
            size += PayloadWriter.SizeOf(argument);
        foreach (EnvironmentVariable variable in Environment)
            size += PayloadWriter.SizeOf(variable.Name) + PayloadWriter.SizeOf(variable.Value);
        return size;
    }

    /// <inheritdoc/>
    public void Write(ref PayloadWriter writer)
    {
        writer.WriteUInt16(Version);
        writer.WriteByte((byte)((Stdin ? HasStdin : 0) | (Terminal is null ? 0 : HasTerminal)
            | (ClearEnvironment ? HasClearedEnvironment : 0) | (Tool ? IsTool : 0)));
        TerminalSize size = Terminal.GetValueOrDefault();
        writer.WriteUInt16(size.Columns);
        writer.WriteUInt16(size.Rows);
        writer.WriteUInt32(TimeoutMilliseconds);
        writer.WriteString(WorkingDirectory);
        writer.WriteUInt32((uint)Arguments.Count);
        foreach (string argument in Arguments)
            writer.WriteString(argument);
        writer.WriteUInt32((uint)Environment.Count);
        foreach (EnvironmentVariable variable in Environment)
        {
            writer.WriteString(variable.Name);
            writer.WriteString(variable.Value);
        }
    }

    /// <inheritdoc/>
    public static ExecRequest Read(ref PayloadReader reader)
    {
        ushort version = reader.ReadUInt16();
        byte flags = reader.ReadByte();
        var size = new TerminalSize(reader.ReadUInt16(), reader.ReadUInt16());
        uint timeout = reader.ReadUInt32();
        string directory = WithoutNul(reader.ReadString());

        var arguments = new string[reader.ReadCount(sizeof(uint))];
        if (arguments.Length == 0)
            throw new ProtocolException("an exec request names no command");
        for (int i = 0; i < arguments.Length; i++)
            arguments[i] = WithoutNul(reader.ReadString());

        var environment = new EnvironmentVariable[reader.ReadCount(2 * sizeof(uint))];
        for (int i = 0; i < environment.Length; i++)
        {
            string name = WithoutNul(reader.ReadString());
            if (name.Length == 0 || name.Contains('='))
                throw new ProtocolException("a variable's name is empty or holds '='");
            environment[i] = new EnvironmentVariable(name, WithoutNul(reader.ReadString()));
        }

        return new ExecRequest
        {
            Version = version,
            Arguments = arguments,
            Environment = environment,
            ClearEnvironment = (flags & HasClearedEnvironment) != 0,
            WorkingDirectory = directory,
            Terminal = (flags & HasTerminal) != 0 ? size : null,
            TimeoutMilliseconds = timeout,
            Stdin = (flags & HasStdin) != 0,
            Tool = (flags & IsTool) != 0,
        };
    }

    // The kernel ends these at the first NUL: what runs would not be what was asked for.
    private static string WithoutNul(string value)
        => value.Contains('\0') ? throw new ProtocolException("a string for the kernel holds a NUL") : value;
}
