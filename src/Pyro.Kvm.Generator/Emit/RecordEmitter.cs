using System.Globalization;
using System.Text;
using Pyro.Kvm.Generator.Metadata;

namespace Pyro.Kvm.Generator.Emit;

/// <summary>Writes a record as a C# struct, with the types that C leaves unnamed nested in it.</summary>
internal sealed class RecordEmitter(UapiMetadata metadata)
{
    public string Emit(RecordFact record)
    {
        var text = new StringBuilder(SourceText.Header);
        EmitRecord(record, "", text);
        return text.ToString();
    }

    private void EmitRecord(RecordFact record, string indent, StringBuilder text)
    {
        RecordLayout layout = RecordLayout.Plan(record, metadata);
        string name = CSharpNames.RecordSimple(record.Name);
        text.Append(indent).Append("/// <summary><c>").Append(record.Kind).Append(' ').Append(record.Name).Append("</c>, ")
            .Append(Text(record.Size)).Append(" bytes.</summary>\n");
        text.Append(indent).Append("[StructLayout(LayoutKind.").Append(layout.IsSequential ? "Sequential" : "Explicit")
            .Append(", Pack = ").Append(Text(Math.Min(record.Alignment, 128)));
        if (!layout.IsSequential || layout.NeedsSize)
        {
            text.Append(", Size = ").Append(Text(record.Size));
        }
        text.Append(")]\n");
        text.Append(indent).Append("public unsafe partial struct ").Append(name).Append('\n').Append(indent).Append("{\n");

        string inner = indent + "    ";
        foreach (Storage field in layout.Fields)
        {
            string fieldName = field.Name == name ? field.Name + "_" : CSharpNames.Identifier(field.Name);
            text.Append(inner);
            if (!layout.IsSequential)
            {
                text.Append("[FieldOffset(").Append(Text(field.Offset)).Append(")] ");
            }
            text.Append(field.HoldsBits ? "private " : "public ").Append(CSharpNames.Type(field.Type)).Append(' ').Append(fieldName).Append(";\n");
        }
        foreach (FieldFact field in record.Fields)
        {
            if (field.BitWidth > 0)
            {
                EmitBitfield(field, inner, text);
            }
            else if (field.Type.Kind == NativeTypeKind.FlexibleArray)
            {
                EmitFlexibleArray(record, field, name, inner, text);
            }
        }
        foreach (RecordFact nested in Nested(record))
        {
            text.Append('\n');
            EmitRecord(nested, inner, text);
        }
        text.Append(indent).Append("}\n");
    }

    private IEnumerable<RecordFact> Nested(RecordFact record)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (FieldFact field in record.Fields)
        {
            string type = field.Type.Innermost.Name;
            if (type.Length > record.Name.Length + 1
                && type.StartsWith(record.Name + ".", StringComparison.Ordinal)
                && type.IndexOf('.', record.Name.Length + 1) < 0
                && metadata.Records[type].Size > 0
                && seen.Add(type))
            {
                yield return metadata.Records[type];
            }
        }
    }

    private static void EmitBitfield(FieldFact field, string indent, StringBuilder text)
    {
        int unit = RecordLayout.BitUnit(field, out int shift);
        string storage = RecordLayout.BitStorageName(field.Type, unit);
        string type = CSharpNames.Type(field.Type);
        int size = RecordLayout.IntegerSize(field.Type) * 8;
        string wide = field.Type.Name[0] == 'i' ? "long" : "ulong";
        string mask = "0x" + ((ulong.MaxValue >> (64 - field.BitWidth)) << shift).ToString("x", CultureInfo.InvariantCulture) + "UL";
        text.Append('\n');
        text.Append(indent).Append("/// <summary>").Append(Text(field.BitWidth)).Append(" bits at bit ").Append(Text(shift))
            .Append(" of the ").Append(Text(size)).Append("-bit integer at offset ").Append(Text(unit)).Append(".</summary>\n");
        text.Append(indent).Append("public ").Append(type).Append(' ').Append(CSharpNames.Identifier(field.Name)).Append('\n');
        text.Append(indent).Append("{\n");
        // The value is moved to the top of 64 bits and back down, which extends the sign of a signed one.
        text.Append(indent).Append("    readonly get => unchecked((").Append(type).Append(")(((").Append(wide).Append(')').Append(storage)
            .Append(" << ").Append(Text(64 - field.BitWidth - shift)).Append(") >> ").Append(Text(64 - field.BitWidth)).Append("));\n");
        text.Append(indent).Append("    set => ").Append(storage).Append(" = unchecked((").Append(type).Append(")(((ulong)").Append(storage)
            .Append(" & ~").Append(mask).Append(") | (((ulong)value << ").Append(Text(shift)).Append(") & ").Append(mask).Append(")));\n");
        text.Append(indent).Append("}\n");
    }

    private static void EmitFlexibleArray(RecordFact record, FieldFact field, string name, string indent, StringBuilder text)
    {
        NativeType element = field.Type.Element!;
        string type = element.Kind == NativeTypeKind.Record && element.Name == record.Name ? name : CSharpNames.Type(element);
        string member = CSharpNames.Identifier(field.Name);
        string offset = Text(field.Offset);
        text.Append('\n');
        text.Append(indent).Append("/// <summary>The first element of the flexible array <c>").Append(field.Name)
            .Append("</c>, which starts at offset ").Append(offset).Append(".</summary>\n");
        text.Append(indent).Append("public static ").Append(type).Append("* ").Append(member).Append('(').Append(name).Append("* self) => (")
            .Append(type).Append("*)((byte*)self + ").Append(offset).Append(");\n\n");
        text.Append(indent).Append("/// <summary>Bytes of the struct with <paramref name=\"count\"/> elements of <c>").Append(field.Name).Append("</c>.</summary>\n");
        text.Append(indent).Append("public static int sizeof_").Append(field.Name).Append("(int count) => checked(").Append(offset)
            .Append(" + (count * sizeof(").Append(type).Append(")));\n");
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
