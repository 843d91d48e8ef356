using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Pyro.Kvm.Generator.Metadata;

namespace Pyro.UapiReader;

/// <summary>
/// Reads the facts of a group of headers with two runs of clang beside the preprocessor's: one for the AST, in which every macro
/// is tried as a constant, and one for the layouts of the records that the first found.
/// </summary>
internal sealed partial class HeaderReader
{
    internal const string ConstantPrefix = "pyro_constant_";
    private const string IoctlPrefix = "pyro_ioctl_";
    private const string LayoutPrefix = "pyro_layout_";

    private readonly string _includes;
    private readonly Macros _macros;
    private readonly Ast _ast;
    private readonly CTypes _types;

    private HeaderReader(IReadOnlyList<string> headers)
    {
        _includes = string.Concat(headers.Select(header => "#include <" + header + ">\n"));
        _macros = Macros.Read(Clang.Run(_includes, mayFail: false, "-E", "-dD"));
        _ast = Ast.Read(Clang.Run(_includes + MacroTrials(), mayFail: true, "-fsyntax-only", "-Xclang", "-ast-dump=json"));
        _types = new CTypes(_ast);
    }

    /// <summary>Reads the headers.</summary>
    /// <exception cref="UapiException">clang is not there, or the headers do not compile.</exception>
    public static Facts Read(IReadOnlyList<string> headers)
    {
        var reader = new HeaderReader(headers);
        var facts = new Facts(headers);
        reader.ReadConstants(facts);
        reader.ReadRecords(facts);
        return facts;
    }

    // "enum { X = (MACRO) };" makes clang compute a macro's value. For ioctls, the macros that make their numbers are given
    // another meaning, so that "struct { MACRO };" has a member of the type that the header names as the argument.
    private string MacroTrials()
    {
        var text = new StringBuilder();
        foreach (string name in _macros.Names)
        {
            text.Append("enum { ").Append(ConstantPrefix).Append(name).Append(" = (").Append(name).Append(") };\n");
        }
        text.Append("#undef _IO\n#undef _IOR\n#undef _IOW\n#undef _IOWR\n");
        text.Append("#define _IO(t, n) void *argument;\n");
        foreach (string maker in new[] { "_IOR", "_IOW", "_IOWR" })
        {
            text.Append("#define ").Append(maker).Append("(t, n, s) __typeof__(s) *argument;\n");
        }
        foreach (string name in _macros.Names.Where(_macros.LeadsToIoctl))
        {
            text.Append("struct ").Append(IoctlPrefix).Append(name).Append(" { ").Append(name).Append(" };\n");
        }
        return text.ToString();
    }

    private void ReadConstants(Facts facts)
    {
        foreach ((string enumerator, (string type, string value)) in _ast.Enumerators)
        {
            bool isMacro = enumerator.StartsWith(ConstantPrefix, StringComparison.Ordinal);
            string name = isMacro ? enumerator[ConstantPrefix.Length..] : enumerator;
            if (Macros.IsPrivate(name) || _types.Resolve(type, null) is not { Kind: NativeTypeKind.Integer } resolved)
            {
                continue;
            }
            if (isMacro && IoctlArgument(name) is { } argument)
            {
                facts.Ioctls[name] = new IoctlFact(name, uint.Parse(value, CultureInfo.InvariantCulture), argument);
            }
            else
            {
                facts.Constants[name] = new ConstantFact(name, Promote(resolved), value);
            }
        }
    }

    private NativeType? IoctlArgument(string name)
    {
        if (!_ast.Records.TryGetValue(IoctlPrefix + name, out CRecord? trial) || trial.Fields is not [{ Name: "argument" } field])
        {
            return null;
        }
        return TypeOf().Match(field.Type) is { Success: true } match
            ? _types.Resolve(match.Groups[1].Value, null)
            : NativeType.Void;
    }

    private static string Promote(NativeType type) => type.Name is "u8" or "u16" or "i8" or "i16" ? "i32" : type.Name;

    private void ReadRecords(Facts facts)
    {
        List<(string Name, string Spelling, CRecord Record)> records = [];
        foreach ((string name, CRecord record) in _ast.Records)
        {
            if (!name.StartsWith("pyro_", StringComparison.Ordinal) && !name.StartsWith("__va_list", StringComparison.Ordinal) && !name.StartsWith("__NS", StringComparison.Ordinal))
            {
                Collect(name, record.Kind == "typedef" ? name : record.Kind + " " + name, record, record, records);
            }
        }

        // A member of each type, alone in a struct of known name: its layout is the type's. (The option that prints layouts as
        // records are completed comes too early for an attribute that follows the closing brace.)
        var text = new StringBuilder(_includes);
        for (int i = 0; i < records.Count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"struct {LayoutPrefix}{i} {{ {records[i].Spelling} member; }};\n");
            text.Append(CultureInfo.InvariantCulture, $"enum {{ {LayoutPrefix}size_{i} = sizeof(struct {LayoutPrefix}{i}) }};\n");
        }
        Dictionary<string, LayoutNode> layouts = Layouts.Read(
            Clang.Run(text.ToString(), mayFail: false, "-fsyntax-only", "-Xclang", "-fdump-record-layouts"));
        for (int i = 0; i < records.Count; i++)
        {
            (string name, _, CRecord record) = records[i];
            LayoutNode layout = layouts["struct " + LayoutPrefix + i.ToString(CultureInfo.InvariantCulture)];
            List<FieldFact> fields = [];
            if (AddFields(name, record, layout.Children[0], fields))
            {
                facts.Records[name] = new RecordFact(name, record.Kind, layout.Size, layout.Alignment, fields);
            }
        }
        foreach ((string name, _) in _ast.Typedefs)
        {
            if (!_ast.Records.ContainsKey(name) && _types.Resolve(name, null) is { Kind: NativeTypeKind.Record } target)
            {
                facts.Aliases[name] = target.Name;
            }
        }
    }

    // The record and, after it, those without a name that members of it are made of, each with a way to name it in C.
    private static void Collect(string name, string spelling, CRecord record, CRecord level, List<(string, string, CRecord)> records)
    {
        if (ReferenceEquals(record, level))
        {
            records.Add((name, spelling, record));
        }
        foreach (CField field in level.Fields)
        {
            if (field.Unnamed is null)
            {
                continue;
            }
            if (field.IsAnonymous)
            {
                Collect(name, spelling, record, field.Unnamed, records);
                continue;
            }
            string dimensions = string.Concat(Enumerable.Repeat("[0]", field.Type.Count(c => c == '[')));
            Collect(
                name + "." + field.Name,
                "__typeof__(((" + spelling + " *)0)->" + field.Name + dimensions + ")",
                field.Unnamed,
                field.Unnamed,
                records);
        }
    }

    // False if a member's type has no words in the metadata.
    private bool AddFields(string name, CRecord record, LayoutNode layout, List<FieldFact> fields)
    {
        if (record.Fields.Count != layout.Children.Count)
        {
            throw new UapiException($"clang's AST and layout of {name} differ: {record.Fields.Count} and {layout.Children.Count} members");
        }
        for (int i = 0; i < record.Fields.Count; i++)
        {
            CField field = record.Fields[i];
            LayoutNode place = layout.Children[i];
            if (field.IsAnonymous)
            {
                if (!AddFields(name, field.Unnamed!, place, fields))
                {
                    return false;
                }
            }
            else if (field.Name.Length > 0)
            {
                if (_types.Resolve(field.Type, name + "." + field.Name) is not { } type)
                {
                    return false;
                }
                fields.Add(new FieldFact(field.Name, place.Offset, type, place.BitOffset, place.BitWidth));
            }
        }
        return true;
    }

    [GeneratedRegex(@"^typeof ?\((.*)\) ?\*$")]
    private static partial Regex TypeOf();
}
