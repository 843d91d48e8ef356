using System.Globalization;

namespace Pyro.Kvm.Generator.Metadata;

/// <summary>What a <see cref="NativeType"/> is made of.</summary>
internal enum NativeTypeKind
{
    /// <summary>No type: what a <c>void*</c> points to, or an ioctl without an argument.</summary>
    Void,

    /// <summary>An integer; the name is <c>u8</c>, <c>i32</c> and so on.</summary>
    Integer,

    /// <summary>A struct or union by its name in the metadata.</summary>
    Record,

    /// <summary>A pointer.</summary>
    Pointer,

    /// <summary>An array with a length.</summary>
    Array,

    /// <summary>A flexible array member: <c>T x[]</c> or <c>T x[0]</c>.</summary>
    FlexibleArray,
}

/// <summary>A C type as the metadata writes it: <c>u32</c>, <c>kvm_segment</c>, <c>u8[6]</c>, <c>kvm_msr_entry[]</c>, <c>sock_filter*</c>.</summary>
internal sealed class NativeType
{
    private NativeType(NativeTypeKind kind, string name, NativeType? element, int length)
    {
        Kind = kind;
        Name = name;
        Element = element;
        Length = length;
    }

    /// <summary>The type that is none.</summary>
    public static NativeType Void { get; } = new(NativeTypeKind.Void, "void", null, 0);

    /// <summary>What kind of type this is.</summary>
    public NativeTypeKind Kind { get; }

    /// <summary>The integer's or record's name; empty for pointers and arrays.</summary>
    public string Name { get; }

    /// <summary>What a pointer points to or an array holds.</summary>
    public NativeType? Element { get; }

    /// <summary>Elements of an array.</summary>
    public int Length { get; }

    /// <summary>The pointer to, array of, or flexible array of this type's element; the type itself otherwise.</summary>
    public NativeType Innermost => Element is null ? this : Element.Innermost;

    /// <summary>An integer of <paramref name="bits"/> bits.</summary>
    public static NativeType Integer(bool signed, int bits) =>
        new(NativeTypeKind.Integer, (signed ? "i" : "u") + bits.ToString(CultureInfo.InvariantCulture), null, 0);

    /// <summary>The record of that name.</summary>
    public static NativeType Record(string name) => new(NativeTypeKind.Record, name, null, 0);

    /// <summary>A pointer to <paramref name="element"/>.</summary>
    public static NativeType Pointer(NativeType element) => new(NativeTypeKind.Pointer, "", element, 0);

    /// <summary>An array of <paramref name="length"/> elements.</summary>
    public static NativeType Array(NativeType element, int length) => new(NativeTypeKind.Array, "", element, length);

    /// <summary>A flexible array member of <paramref name="element"/>.</summary>
    public static NativeType FlexibleArray(NativeType element) => new(NativeTypeKind.FlexibleArray, "", element, 0);

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    /// <exception cref="FormatException"><paramref name="text"/> is no type.</exception>
    public static NativeType Parse(string text)
    {
        int end = 0;
        while (end < text.Length && text[end] != '*' && text[end] != '[')
        {
            end++;
        }
        NativeType type = Base(text.Substring(0, end));
        // Dimensions are written as C writes them, outermost first, so the last one is applied first.
        List<int> dimensions = [];
        while (end < text.Length)
        {
            if (text[end] == '*' && dimensions.Count == 0)
            {
                type = Pointer(type);
                end++;
                continue;
            }
            int close = text.IndexOf(']', end);
            if (text[end] != '[' || close < 0)
            {
                throw new FormatException("not a type: " + text);
            }
            string length = text.Substring(end + 1, close - end - 1);
            dimensions.Add(length.Length == 0 ? -1 : int.Parse(length, CultureInfo.InvariantCulture));
            end = close + 1;
        }
        for (int i = dimensions.Count - 1; i >= 0; i--)
        {
            type = dimensions[i] < 0 ? FlexibleArray(type) : Array(type, dimensions[i]);
        }
        return type;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string dimensions = "";
        NativeType type = this;
        while (type.Kind is NativeTypeKind.Array or NativeTypeKind.FlexibleArray)
        {
            dimensions += type.Kind == NativeTypeKind.Array ? "[" + type.Length.ToString(CultureInfo.InvariantCulture) + "]" : "[]";
            type = type.Element!;
        }
        return (type.Kind == NativeTypeKind.Pointer ? type.Element + "*" : type.Name) + dimensions;
    }

    private static NativeType Base(string name) => name switch
    {
        "" => throw new FormatException("a type without a name"),
        "void" => Void,
        "u8" or "u16" or "u32" or "u64" or "i8" or "i16" or "i32" or "i64" => new(NativeTypeKind.Integer, name, null, 0),
        _ => Record(name),
    };
}
