namespace Pyro.Agent.Exec;

/// <summary>One system call that a new process makes before it becomes the command. Read by <see cref="SpawnCode"/>.</summary>
internal unsafe struct SpawnStep
{
    /// <summary>The result of a step that was not reached, or that succeeded as execve does: without coming back.</summary>
    public const long NotReached = long.MinValue;

    public long Number;
    public fixed long Arguments[6];
    public long Result;
}
