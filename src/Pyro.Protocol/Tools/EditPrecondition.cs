namespace Pyro.Protocol;

/// <summary>What must hold of a path, or nothing of the whole list is done.</summary>
public enum EditPrecondition : byte
{
    /// <summary>Anything, or nothing, may be there.</summary>
    Any = 0,

    /// <summary>Nothing is there.</summary>
    Absent = 1,

    /// <summary>It is the <see cref="EditOperation.Version"/> that was read.</summary>
    Same = 2,
}
