namespace Pyro.Trees.Tar;

/// <summary>A directory on the way to the file that is being made.</summary>
internal struct TreeLevel
{
    /// <summary>Its descriptor.</summary>
    internal int Directory;

    /// <summary>Where its name ends in the current path.</summary>
    internal int PathLength;

    /// <summary>To be set when all in it is made, or null.</summary>
    internal ushort? Mode;

    /// <inheritdoc cref="Mode"/>
    internal long? ModifiedNanoseconds;
}
