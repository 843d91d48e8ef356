namespace Pyro;

/// <summary>One command to run in one throw-away machine.</summary>
public sealed record RunRequest
{
    /// <summary>The smallest and largest number of virtual processors.</summary>
    public const int MinVcpuCount = 1, MaxVcpuCount = 32;

    /// <summary>The least memory with which a guest boots, in MiB.</summary>
    public const int MinMemMib = 64;

    /// <summary>The longest time limit in seconds: a week.</summary>
    public const int MaxSeconds = 7 * 24 * 3600;

    /// <summary>The environment's name, as <c>debian:12</c>.</summary>
    public required string Environment { get; init; }

    /// <summary>The program and its arguments. No shell is involved.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Virtual processors, 1 to 32.</summary>
    public int VcpuCount { get; init; } = 1;

    /// <summary>Guest memory in MiB, 64 or more.</summary>
    public int MemMib { get; init; } = 1024;

    /// <summary>How long the command may run, in seconds. After that its whole process tree is killed and the exit code is 124.</summary>
    public int TimeoutSeconds { get; init; } = 30;

    /// <summary>How long the machine may live in all, in seconds.</summary>
    public int TtlSeconds { get; init; } = 600;

    /// <summary>Environment variables of the command, beside the guest's own.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>The command's working directory, an absolute path in the guest; null for the guest's default.</summary>
    public string? Workdir { get; init; }

    /// <summary>Boot the machine, even if there is a snapshot to go on from.</summary>
    public bool Cold { get; init; }

    /// <summary>Run the command on the host, as a plain process without isolation, instead of in a machine.</summary>
    public bool AllowHostCompat { get; init; }

    /// <summary>Whether <see cref="RunResult.Stats"/> is wanted.</summary>
    public bool Stats { get; init; }

    /// <summary>How many bytes of each output stream <see cref="RunResult"/> keeps. What is streamed is never cut.</summary>
    public int MaxOutputBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Refuses what is outside the limits.</summary>
    /// <exception cref="PyroException">Some value is (<see cref="ErrorCodes.InvalidArgument"/>).</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(Environment))
            throw Invalid("no environment is named", "Name one, as debian:12; `pyro env list` shows them.");
        if (Command.Count == 0 || Command[0].Length == 0)
            throw Invalid("no command is given", "Put it behind two dashes: pyro run debian:12 -- git --version");
        if (VcpuCount is < MinVcpuCount or > MaxVcpuCount)
            throw Invalid($"vcpu_count is {VcpuCount}", $"Choose {MinVcpuCount} to {MaxVcpuCount}.");
        if (MemMib < MinMemMib)
            throw Invalid($"mem_mib is {MemMib}", $"Choose {MinMemMib} or more.");
        if (TimeoutSeconds is < 1 or > MaxSeconds)
            throw Invalid($"timeout_seconds is {TimeoutSeconds}", $"Choose 1 to {MaxSeconds}.");
        if (TtlSeconds is < 1 or > MaxSeconds)
            throw Invalid($"ttl_seconds is {TtlSeconds}", $"Choose 1 to {MaxSeconds}.");
        if (Workdir is not null && !Workdir.StartsWith('/'))
            throw Invalid($"workdir is {Workdir}", "Give an absolute path, as /root.");
        foreach (string word in Command)
        {
            if (word.Contains('\0'))
                throw Invalid("the command holds a NUL character", "Pass binary data on standard input.");
        }
        foreach ((string name, string value) in Env)
        {
            if (name.Length == 0 || name.Contains('=') || name.Contains('\0') || value.Contains('\0'))
                throw Invalid($"the environment variable '{name}' is not one", "Write NAME=VALUE, without NUL characters.");
        }
    }

    private static PyroException Invalid(string message, string hint) => new(ErrorCodes.InvalidArgument, message, hint);
}
