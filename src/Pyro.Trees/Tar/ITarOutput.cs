namespace Pyro.Trees.Tar;

/// <summary>Where an archive goes.</summary>
public interface ITarOutput
{
    /// <summary>Room for the next bytes, never empty.</summary>
    Span<byte> Space { get; }

    /// <summary>So many bytes of <see cref="Space"/> were filled.</summary>
    void Advance(int count);
}
