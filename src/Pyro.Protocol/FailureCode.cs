namespace Pyro.Protocol;

/// <summary>The codes of <see cref="FailedMessage"/>; stable, for programs. The message is for people.</summary>
public static class FailureCode
{
    /// <summary>The agent does not know this kind of request: it is older than the host.</summary>
    public const string UnknownRequest = "unknown_request";

    /// <summary>The request is of another protocol version.</summary>
    public const string UnsupportedVersion = "unsupported_version";

    /// <summary>The request does not parse or asks for something that makes no sense.</summary>
    public const string BadRequest = "bad_request";

    /// <summary>The working directory is missing or is no directory.</summary>
    public const string BadDirectory = "bad_cwd";

    /// <summary>The command could not be started for want of something: memory, processes, descriptors, terminals.</summary>
    public const string SpawnFailed = "spawn_failed";

    /// <summary>The machine is stopping and starts nothing new.</summary>
    public const string ShuttingDown = "shutting_down";

    /// <summary>The guest's processes cannot be kept still, or did not stop in time; they go on.</summary>
    public const string HoldFailed = "hold_failed";

    /// <summary>The guest is a copy of a machine that was held, and no machine of its own yet: a resume request comes first.</summary>
    public const string NotResumed = "not_resumed";

    /// <summary>A system call of the request failed.</summary>
    public const string SystemError = "system_error";

    /// <summary>A fault in the agent; the agent lives on.</summary>
    public const string InternalError = "internal_error";
}
