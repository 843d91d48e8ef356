namespace Pyro.Warm;

/// <summary>Whether machines of an environment and size start from a snapshot.</summary>
public enum WarmState
{
    /// <summary>There is no snapshot: the next machine boots, and leaves one.</summary>
    Cold,

    /// <summary>There is a snapshot.</summary>
    Warm,

    /// <summary>There is one, of another pyro, kernel, agent, host or image: the next machine replaces it.</summary>
    Stale,

    /// <summary>A snapshot was made and could not be gone on from: machines boot.</summary>
    Unfit,
}
