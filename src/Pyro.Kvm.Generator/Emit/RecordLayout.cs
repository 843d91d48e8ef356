using System.Globalization;
using Pyro.Kvm.Generator.Metadata;

namespace Pyro.Kvm.Generator.Emit;

/// <summary>
/// Decides how a C# struct gets the layout that C gave a record: in sequence where the runtime's own rules lead to the same
/// offsets (such structs may live in registers), with explicit offsets otherwise.
/// </summary>
internal sealed class RecordLayout
{
    private RecordLayout(RecordFact record, IReadOnlyList<Storage> fields, bool sequential, int alignment, bool sized)
    {
        Record = record;
        Fields = fields;
        IsSequential = sequential;
        Alignment = alignment;
        NeedsSize = sized;
    }

    public RecordFact Record { get; }

    public IReadOnlyList<Storage> Fields { get; }

    public bool IsSequential { get; }

    /// <summary>The alignment the runtime gives the C# struct, which can be less than C's.</summary>
    public int Alignment { get; }

    /// <summary>The fields alone would make a smaller struct than C's.</summary>
    public bool NeedsSize { get; }

    public static RecordLayout Plan(RecordFact record, UapiMetadata metadata)
    {
        List<Storage> fields = [];
        foreach (FieldFact field in record.Fields)
        {
            if (field.BitWidth > 0)
            {
                AddBitStorage(field, fields);
            }
            else if (field.Type.Kind != NativeTypeKind.FlexibleArray && Size(field.Type, metadata) > 0)
            {
                fields.Add(new Storage(field.Name, field.Offset, field.Type, holdsBits: false));
            }
        }

        int end = 0;
        int alignment = 1;
        bool sequential = true;
        foreach (Storage field in fields)
        {
            int own = Math.Min(Align(field.Type, metadata), record.Alignment);
            sequential &= RoundUp(end, own) == field.Offset;
            end = Math.Max(end, field.Offset + Size(field.Type, metadata));
            alignment = Math.Max(alignment, own);
        }
        sequential &= RoundUp(end, alignment) <= record.Size;
        return new RecordLayout(record, fields, sequential, alignment, RoundUp(end, alignment) < record.Size);
    }

    /// <summary>The integer of a bitfield's declared type in which its first bit lies, and the bit's place there.</summary>
    public static int BitUnit(FieldFact field, out int shift)
    {
        int size = IntegerSize(field.Type);
        int unit = field.Offset / size * size;
        shift = ((field.Offset - unit) * 8) + field.BitOffset;
        if (shift + field.BitWidth > size * 8)
        {
            throw new NotSupportedException("bitfield " + field.Name + " lies across two integers");
        }
        return unit;
    }

    /// <summary>The name of the field that holds a bitfield's bits.</summary>
    public static string BitStorageName(NativeType type, int offset) =>
        "_bits_" + type.Name + "_" + offset.ToString(CultureInfo.InvariantCulture);

    public static int IntegerSize(NativeType type) => int.Parse(type.Name.Substring(1), CultureInfo.InvariantCulture) / 8;

    /// <summary>Bytes of a type.</summary>
    public static int Size(NativeType type, UapiMetadata metadata) => type.Kind switch
    {
        NativeTypeKind.Integer => IntegerSize(type),
        NativeTypeKind.Pointer => 8,
        NativeTypeKind.Record => metadata.Records[type.Name].Size,
        NativeTypeKind.Array => type.Length * Size(type.Element!, metadata),
        _ => 0,
    };

    private static void AddBitStorage(FieldFact field, List<Storage> fields)
    {
        int unit = BitUnit(field, out _);
        string name = BitStorageName(field.Type, unit);
        foreach (Storage other in fields)
        {
            if (other.Name == name)
            {
                return;
            }
        }
        fields.Add(new Storage(name, unit, field.Type, holdsBits: true));
    }

    private static int Align(NativeType type, UapiMetadata metadata) => type.Kind switch
    {
        NativeTypeKind.Record => Plan(metadata.Records[type.Name], metadata).Alignment,
        NativeTypeKind.Array => Align(type.Element!, metadata),
        _ => Size(type, metadata),
    };

    private static int RoundUp(int value, int alignment) => (value + alignment - 1) / alignment * alignment;
}
