namespace Pyro.Kvm.Generator.Metadata;

/// <summary>A member of a record. Members of anonymous structs and unions are listed as the outer record's own, as C reaches them.</summary>
internal sealed class FieldFact
{
    /// <summary>Creates the fact.</summary>
    public FieldFact(string name, int offset, NativeType type, int bitOffset = 0, int bitWidth = 0)
    {
        Name = name;
        Offset = offset;
        Type = type;
        BitOffset = bitOffset;
        BitWidth = bitWidth;
    }

    /// <summary>The C name.</summary>
    public string Name { get; }

    /// <summary>Bytes from the record's start; for a bitfield, of the byte that holds its first bit.</summary>
    public int Offset { get; }

    /// <summary>The member's type; for a bitfield, the type it is declared with.</summary>
    public NativeType Type { get; }

    /// <summary>First bit of a bitfield within the byte at <see cref="Offset"/>.</summary>
    public int BitOffset { get; }

    /// <summary>Bits of a bitfield; 0 for any other member.</summary>
    public int BitWidth { get; }
}
