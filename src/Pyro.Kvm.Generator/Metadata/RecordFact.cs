namespace Pyro.Kvm.Generator.Metadata;

/// <summary>A struct or union with its layout.</summary>
internal sealed class RecordFact
{
    /// <summary>Creates the fact.</summary>
    public RecordFact(string name, string kind, int size, int alignment, IReadOnlyList<FieldFact> fields)
    {
        Name = name;
        Kind = kind;
        Size = size;
        Alignment = alignment;
        Fields = fields;
    }

    /// <summary>
    /// The C name. A type that C leaves unnamed but gives a member of is named after the way to it, <c>kvm_run.io</c>.
    /// </summary>
    public string Name { get; }

    /// <summary><c>struct</c>, <c>union</c>, or <c>typedef</c> for a record that has no tag, only a typedef's name.</summary>
    public string Kind { get; }

    /// <summary>Bytes.</summary>
    public int Size { get; }

    /// <summary>Bytes.</summary>
    public int Alignment { get; }

    /// <summary>Members in the order of their declaration.</summary>
    public IReadOnlyList<FieldFact> Fields { get; }
}
