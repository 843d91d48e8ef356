namespace Pyro.Machines;

/// <summary>How a machine started.</summary>
public enum StartMode
{
    /// <summary>Its kernel booted.</summary>
    Cold,

    /// <summary>It went on from a snapshot.</summary>
    Warm,

    /// <summary>It goes on from where another running machine was when it was forked.</summary>
    Fork,
}
