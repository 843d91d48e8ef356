using System.Text.Json;

namespace Pyro.Mcp;

/// <summary>The schemas of Pyro's documents, as docs/schemas publishes them.</summary>
internal static class Schemas
{
    /// <param name="name">A file of docs/schemas, as <c>workspace</c>.</param>
    internal static JsonElement Of(string name)
    {
        using Stream stream = typeof(Schemas).Assembly.GetManifestResourceStream($"{name}.json")
            ?? throw new InvalidOperationException($"there is no schema {name}");
        using JsonDocument document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
