namespace Pyro.Trees.Tar;

/// <summary>A part of a file that is stored; around it are zeros.</summary>
/// <param name="Offset">Where it lies, in bytes.</param>
/// <param name="Length">Its bytes.</param>
public readonly record struct SparsePart(long Offset, long Length);
