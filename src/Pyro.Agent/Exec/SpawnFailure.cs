namespace Pyro.Agent.Exec;

/// <summary>Where the start of a process failed.</summary>
internal enum SpawnFailure
{
    None,

    /// <summary>No process could be made, or one of its descriptors or its terminal not be set.</summary>
    Process,

    /// <summary>The working directory could not be entered.</summary>
    Directory,

    /// <summary>The program could not be run.</summary>
    Program,
}
