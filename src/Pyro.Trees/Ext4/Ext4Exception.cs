namespace Pyro.Trees.Ext4;

/// <summary>A device holds no ext4 file system, one with features that are not read here, or a damaged one.</summary>
/// <param name="message">Which of them.</param>
public sealed class Ext4Exception(string message) : Exception(message);
