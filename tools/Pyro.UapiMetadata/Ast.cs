using System.Text.Json;

namespace Pyro.UapiReader;

/// <summary>Records, typedefs and enumerators of a translation unit, from clang's <c>-ast-dump=json</c>.</summary>
internal sealed class Ast
{
    private readonly Dictionary<string, CRecord> _byId = new(StringComparer.Ordinal);

    private Ast()
    {
    }

    /// <summary>Structs and unions that have a name, by tag or typedef name.</summary>
    public SortedDictionary<string, CRecord> Records { get; } = new(StringComparer.Ordinal);

    /// <summary>What a typedef's name stands for, as C writes it.</summary>
    public Dictionary<string, string> Typedefs { get; } = new(StringComparer.Ordinal);

    /// <summary>Enumerators whose value clang could tell, with their C type.</summary>
    public SortedDictionary<string, (string Type, string Value)> Enumerators { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads clang's JSON.</summary>
    public static Ast Read(string json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 1024 });
        var ast = new Ast();
        foreach (JsonElement node in Inner(document.RootElement))
        {
            ast.ReadDeclaration(node);
        }
        return ast;
    }

    private void ReadDeclaration(JsonElement node)
    {
        switch (Text(node, "kind"))
        {
            case "RecordDecl":
                ReadRecord(node);
                break;
            case "EnumDecl":
                ReadEnum(node);
                break;
            case "TypedefDecl":
                ReadTypedef(node);
                break;
        }
    }

    private CRecord ReadRecord(JsonElement node)
    {
        var record = new CRecord(Text(node, "name"), Text(node, "tagUsed")!);
        if (!node.TryGetProperty("completeDefinition", out _))
        {
            return record;
        }
        _byId[Text(node, "id")!] = record;
        CRecord? unnamed = null;
        foreach (JsonElement child in Inner(node))
        {
            string kind = Text(child, "kind")!;
            if (kind == "RecordDecl")
            {
                CRecord nested = ReadRecord(child);
                unnamed = nested.Name is null ? nested : unnamed;
            }
            else if (kind == "EnumDecl")
            {
                ReadEnum(child);
            }
            else if (kind == "FieldDecl")
            {
                string type = Text(child.GetProperty("type"), "qualType")!;
                bool ofUnnamed = type.Contains("(unnamed", StringComparison.Ordinal) || type.Contains("(anonymous", StringComparison.Ordinal);
                record.Fields.Add(new CField(
                    Text(child, "name") ?? "", type, ofUnnamed ? unnamed : null, child.TryGetProperty("isImplicit", out _)));
            }
        }
        if (record.Name is not null)
        {
            Records[record.Name] = record;
        }
        return record;
    }

    private void ReadEnum(JsonElement node)
    {
        long next = 0;
        foreach (JsonElement child in Inner(node))
        {
            if (Text(child, "kind") != "EnumConstantDecl")
            {
                continue;
            }
            string name = Text(child, "name")!;
            if (FindValue(child) is { } value)
            {
                Enumerators[name] = value;
                next = long.TryParse(value.Value, out long parsed) ? parsed + 1 : 0;
            }
            else if (!Inner(child).Any() && !name.StartsWith(HeaderReader.ConstantPrefix, StringComparison.Ordinal))
            {
                // No initialiser: one more than the last. A macro under trial always has one, which clang drops if it is no constant.
                Enumerators[name] = ("int", next.ToString());
                next++;
            }
        }
    }

    // The initialiser's own type is the constant's; casts that the enumeration puts around it are not.
    private static (string Type, string Value)? FindValue(JsonElement node)
    {
        foreach (JsonElement child in Inner(node))
        {
            if (Text(child, "kind") == "ConstantExpr" && Text(child, "value") is { } value)
            {
                JsonElement typed = Inner(child).FirstOrDefault(child);
                JsonElement type = typed.GetProperty("type");
                return (Text(type, "desugaredQualType") ?? Text(type, "qualType")!, value);
            }
            if (FindValue(child) is { } found)
            {
                return found;
            }
        }
        return null;
    }

    private void ReadTypedef(JsonElement node)
    {
        string name = Text(node, "name")!;
        Typedefs[name] = Text(node.GetProperty("type"), "qualType")!;
        foreach (JsonElement child in Inner(node))
        {
            if (child.TryGetProperty("ownedTagDecl", out JsonElement tag)
                && _byId.TryGetValue(Text(tag, "id")!, out CRecord? record)
                && record.Name is null)
            {
                record.Name = name;
                record.Kind = "typedef";
                Records[name] = record;
                Typedefs[name] = "struct " + name;
            }
        }
    }

    private static JsonElement.ArrayEnumerator Inner(JsonElement node) =>
        node.TryGetProperty("inner", out JsonElement inner) ? inner.EnumerateArray() : default;

    private static string? Text(JsonElement node, string property) =>
        node.TryGetProperty(property, out JsonElement value) ? value.GetString() : null;
}
