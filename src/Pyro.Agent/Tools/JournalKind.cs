namespace Pyro.Agent.Tools;

/// <summary>How the tree is changed.</summary>
internal enum JournalKind : byte
{
    /// <summary>From the stage to where nothing is.</summary>
    Place = 1,

    /// <summary>From the stage, and what was there into the stage.</summary>
    Swap = 2,

    /// <summary>Into the stage.</summary>
    Take = 3,

    /// <summary>From one name to another where nothing is.</summary>
    Move = 4,

    /// <summary>Mode and mtime of what stays where it is.</summary>
    Attributes = 5,
}
