using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Pyro.Json;

namespace Pyro.Tests.Schemas;

/// <summary>Makes a document's JSON schema of its type and the type's XML documentation.</summary>
internal static partial class DocumentSchema
{
    private static readonly Dictionary<string, XElement> s_docs = XDocument.Load(Path.ChangeExtension(typeof(PyroClient).Assembly.Location, ".xml"))
        .Descendants("member").ToDictionary(member => member.Attribute("name")!.Value);

    private static readonly JsonSchemaExporterOptions s_options = new() { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Complete };

    internal static JsonObject Of(Type type)
    {
        var schema = (JsonObject)PyroJson.Default.Options.GetJsonSchemaAsNode(type, s_options);
        // Draft 7, since that is what validators everywhere know.
        var whole = new JsonObject { ["$schema"] = "http://json-schema.org/draft-07/schema#" };
        foreach ((string name, JsonNode? value) in schema.ToArray())
        {
            schema.Remove(name);
            whole[name] = value;
        }
        return whole;
    }

    // Documents are whole: every member is written, but those left out when null, and there are no others.
    private static JsonNode Complete(JsonSchemaExporterContext context, JsonNode schema)
    {
        if (schema is not JsonObject node)
            return schema;
        // A type's second place would only point to its first.
        if (node.ContainsKey("$ref"))
            node = (JsonObject)PyroJson.Default.Options.GetJsonSchemaAsNode(context.TypeInfo.Type, s_options);
        else if (context.TypeInfo.Kind == JsonTypeInfoKind.Object)
        {
            node["required"] = new JsonArray([.. context.TypeInfo.Properties.Where(p => p.Get is not null && p.ShouldSerialize is null).Select(p => JsonValue.Create(p.Name))]);
            node["additionalProperties"] = false;
        }
        string? text = context.PropertyInfo is JsonPropertyInfo property ? Text(property) : Text(s_docs.GetValueOrDefault($"T:{context.TypeInfo.Type.FullName}")?.Element("summary"));
        if (text is not null)
        {
            node.Remove("description");
            node.Insert(0, "description", text);
        }
        return node;
    }

    private static string? Text(JsonPropertyInfo property)
    {
        var member = (MemberInfo)property.AttributeProvider!;
        string type = member.DeclaringType!.FullName!;
        return Text(s_docs.GetValueOrDefault($"P:{type}.{member.Name}")?.Element("summary")
            ?? s_docs.GetValueOrDefault($"T:{type}")?.Elements("param").SingleOrDefault(p => p.Attribute("name")!.Value == member.Name));
    }

    private static string? Text(XElement? element)
    {
        if (element is null)
            return null;
        foreach (XElement see in element.Descendants("see").ToArray())
            see.ReplaceWith(NameOf(see.Attribute("cref")!.Value));
        return Spaces().Replace(element.Value, " ").Trim();
    }

    // A member as it stands in JSON, a constant as its value, a type as its name.
    private static string NameOf(string cref)
    {
        string[] parts = cref[2..].Split('.');
        Type? owner = typeof(PyroClient).Assembly.GetType(string.Join('.', parts[..^1]));
        return owner?.GetField(parts[^1]) is { IsLiteral: true } constant ? constant.GetRawConstantValue()!.ToString()!
            : cref[0] is 'P' or 'F' ? JsonNamingPolicy.SnakeCaseLower.ConvertName(parts[^1])
            : parts[^1];
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
