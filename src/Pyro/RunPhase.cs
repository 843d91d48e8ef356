namespace Pyro;

/// <summary>A step that a run has reached.</summary>
/// <param name="Name">One of the constants of this type.</param>
/// <param name="Elapsed">Since the run began.</param>
/// <param name="Details">What belongs to the step, in the order to print it.</param>
public sealed record RunPhase(string Name, TimeSpan Elapsed, IReadOnlyList<KeyValuePair<string, string>> Details)
{
    /// <summary>The environment is not there yet and is being installed.</summary>
    public const string Pull = "pull";

    /// <summary>The snapshot that machines start from is being made, or could not be used.</summary>
    public const string Prepare = "prepare";

    /// <summary>The machine's process is being started.</summary>
    public const string Spawn = "spawn";

    /// <summary>The guest's kernel runs.</summary>
    public const string Boot = "boot";

    /// <summary>A running machine's snapshot was taken, and its forks are being started.</summary>
    public const string Fork = "fork";

    /// <summary>The guest goes on from a snapshot.</summary>
    public const string Restore = "restore";

    /// <summary>The guest's agent takes commands.</summary>
    public const string AgentReady = "agent_ready";

    /// <summary>The command runs.</summary>
    public const string Exec = "exec";

    /// <summary>The command has ended.</summary>
    public const string Done = "done";
}
