using System.Globalization;
using Microsoft.CodeAnalysis.CSharp;
using Pyro.Kvm.Generator.Metadata;

namespace Pyro.Kvm.Generator.Emit;

/// <summary>How C names and types are spelled in C#.</summary>
internal static class CSharpNames
{
    private static readonly string[] s_integers =
        ["u8", "byte", "u16", "ushort", "u32", "uint", "u64", "ulong", "i8", "sbyte", "i16", "short", "i32", "int", "i64", "long"];

    /// <summary>The name itself, with an <c>@</c> where C# keeps it for itself.</summary>
    public static string Identifier(string name) =>
        SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None ? name : "@" + name;

    /// <summary>The last part of a record's name: <c>kvm_regs</c>, or <c>io_type</c> for the metadata's <c>kvm_run.io</c>.</summary>
    public static string RecordSimple(string name)
    {
        int dot = name.LastIndexOf('.');
        return dot < 0 ? Identifier(name) : name.Substring(dot + 1) + "_type";
    }

    /// <summary>A type as C# writes it.</summary>
    public static string Type(NativeType type) => type.Kind switch
    {
        NativeTypeKind.Void => "void",
        NativeTypeKind.Integer => s_integers[Array.IndexOf(s_integers, type.Name) + 1],
        NativeTypeKind.Record => Record(type.Name),
        NativeTypeKind.Pointer => Type(type.Element!) + "*",
        // An inline array holds no pointers: they cannot be type arguments.
        NativeTypeKind.Array => ArrayName(type.Length) + "<" + (type.Element!.Kind == NativeTypeKind.Pointer ? "nint" : Type(type.Element)) + ">",
        _ => throw new InvalidOperationException("a flexible array is not a C# type"),
    };

    /// <summary>The name of the inline array of that length.</summary>
    public static string ArrayName(int length) => "Array" + length.ToString(CultureInfo.InvariantCulture);

    private static string Record(string name)
    {
        int dot = name.LastIndexOf('.');
        return dot < 0 ? Identifier(name) : Record(name.Substring(0, dot)) + "." + RecordSimple(name);
    }
}
