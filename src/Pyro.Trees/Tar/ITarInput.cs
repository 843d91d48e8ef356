namespace Pyro.Trees.Tar;

/// <summary>Where an archive comes from.</summary>
public interface ITarInput
{
    /// <summary>The next bytes, valid until the next call; empty at the end.</summary>
    ReadOnlyMemory<byte> Read();
}
