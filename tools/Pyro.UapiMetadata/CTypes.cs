using System.Globalization;
using Pyro.Kvm.Generator.Metadata;

namespace Pyro.UapiReader;

/// <summary>Turns types as C writes them into those of the metadata.</summary>
internal sealed class CTypes(Ast ast)
{
    /// <summary>The type, or null where the metadata has no words for it (floating point, 128-bit integers).</summary>
    /// <param name="text">The type as clang prints it.</param>
    /// <param name="unnamed">What a record without a name is called in the metadata.</param>
    public NativeType? Resolve(string text, string? unnamed)
    {
        text = StripQualifiers(text);
        if (text.EndsWith(']'))
        {
            // The first bracket holds the outermost dimension.
            int open = FirstDimension(text);
            int close = text.IndexOf(']', open);
            NativeType? element = Resolve(text[..open] + text[(close + 1)..], unnamed);
            string length = text[(open + 1)..close];
            return element is null ? null
                : length is "" or "0" ? NativeType.FlexibleArray(element)
                : NativeType.Array(element, int.Parse(length, CultureInfo.InvariantCulture));
        }
        if (text.Contains("(*", StringComparison.Ordinal))
        {
            return NativeType.Pointer(NativeType.Void);
        }
        if (text.EndsWith('*'))
        {
            NativeType? target = Resolve(text[..^1], unnamed);
            bool known = target is not null && (target.Kind != NativeTypeKind.Record || ast.Records.ContainsKey(target.Name));
            return NativeType.Pointer(known ? target! : NativeType.Void);
        }
        if (text.Contains("(unnamed", StringComparison.Ordinal) || text.Contains("(anonymous", StringComparison.Ordinal))
        {
            // An unnamed enum is as wide as any other.
            return text.StartsWith("enum", StringComparison.Ordinal) ? NativeType.Integer(signed: false, 32)
                : unnamed is null ? null : NativeType.Record(unnamed);
        }
        if (text.StartsWith("struct ", StringComparison.Ordinal) || text.StartsWith("union ", StringComparison.Ordinal))
        {
            return NativeType.Record(text[(text.IndexOf(' ') + 1)..]);
        }
        if (text.StartsWith("enum ", StringComparison.Ordinal))
        {
            return NativeType.Integer(signed: false, 32);
        }
        return Builtin(text)
            ?? (ast.Typedefs.TryGetValue(text, out string? target2) && target2 != text ? Resolve(target2, unnamed) : null);
    }

    // Plain char is bytes of text or data wherever these headers use it.
    private static NativeType? Builtin(string text) => text switch
    {
        "void" => NativeType.Void,
        "char" or "unsigned char" or "_Bool" => NativeType.Integer(signed: false, 8),
        "signed char" => NativeType.Integer(signed: true, 8),
        "short" => NativeType.Integer(signed: true, 16),
        "unsigned short" => NativeType.Integer(signed: false, 16),
        "int" => NativeType.Integer(signed: true, 32),
        "unsigned int" => NativeType.Integer(signed: false, 32),
        "long" or "long long" => NativeType.Integer(signed: true, 64),
        "unsigned long" or "unsigned long long" => NativeType.Integer(signed: false, 64),
        _ => null,
    };

    private static int FirstDimension(string text)
    {
        int open = text.Length;
        while (open > 0 && text[open - 1] == ']')
        {
            open = text.LastIndexOf('[', open - 1);
        }
        return open;
    }

    private static string StripQualifiers(string text)
    {
        text = text.Trim();
        foreach (string qualifier in new[] { "const", "volatile", "restrict" })
        {
            if (text.StartsWith(qualifier + " ", StringComparison.Ordinal))
            {
                return StripQualifiers(text[(qualifier.Length + 1)..]);
            }
            if (text.EndsWith("*" + qualifier, StringComparison.Ordinal))
            {
                return StripQualifiers(text[..^qualifier.Length]);
            }
        }
        return text;
    }
}
