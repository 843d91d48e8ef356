namespace Pyro.UapiReader;

/// <summary>A line of a record layout: a member's place, and that of its own members where it is a record.</summary>
internal sealed class LayoutNode(string name, int offset, int bitOffset, int bitWidth)
{
    /// <summary>The member's name; empty if it has none.</summary>
    public string Name { get; } = name;

    /// <summary>Bytes from the start of the outermost record.</summary>
    public int Offset { get; } = offset;

    /// <summary>First bit of a bitfield in the byte at <see cref="Offset"/>.</summary>
    public int BitOffset { get; } = bitOffset;

    /// <summary>Bits of a bitfield, else 0.</summary>
    public int BitWidth { get; } = bitWidth;

    /// <summary>Members of the member.</summary>
    public List<LayoutNode> Children { get; } = [];

    /// <summary>Bytes; of the outermost record only.</summary>
    public int Size { get; set; }

    /// <summary>Bytes; of the outermost record only.</summary>
    public int Alignment { get; set; }
}
