using Pyro.Protocol;
using Pyro.Trees;

namespace Pyro.Agent.Tools.Changes;

/// <summary>The tree as it was.</summary>
internal interface IBaseline : IDisposable
{
    /// <summary>The tree's root, or null if it was not there.</summary>
    OldEntry? Root { get; }

    /// <summary>What is in a directory, in the order of names' bytes.</summary>
    List<OldEntry> Names(OldEntry directory);

    /// <summary>What an entry is, without content.</summary>
    TreeSide Describe(OldEntry entry);

    /// <summary>Content from an offset on; fewer bytes than asked for only where it ends.</summary>
    int Read(OldEntry entry, ulong offset, Span<byte> buffer);

    /// <summary>Whether it is known, without reading content, that an entry is what it was.</summary>
    bool IsSame(OldEntry entry, in FileStatus now);
}
