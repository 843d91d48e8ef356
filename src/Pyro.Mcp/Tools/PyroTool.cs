using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Pyro.Json;

namespace Pyro.Mcp.Tools;

/// <summary>One tool: its description for models and its work.</summary>
internal abstract class PyroTool
{
    /// <summary>Name, description, schemas and annotations.</summary>
    internal abstract Tool Description { get; }

    /// <summary>Does the work of one call.</summary>
    /// <exception cref="PyroException">It failed; the caller makes a tool error of it.</exception>
    internal abstract ValueTask<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken);

    /// <summary>An error that a model can read and act upon.</summary>
    internal static CallToolResult Failure(PyroException e) => new()
    {
        IsError = true,
        Content = [new TextContentBlock { Text = JsonSerializer.Serialize(ErrorDocument.Of(e), PyroJson.Compact.ErrorDocument) }],
    };

    /// <summary>A result as structured content, and as text for clients that know no such thing.</summary>
    protected static CallToolResult Success<T>(T result, JsonTypeInfo<T> type) => new()
    {
        Content = [new TextContentBlock { Text = JsonSerializer.Serialize(result, type) }],
        StructuredContent = JsonSerializer.SerializeToElement(result, type),
    };

    protected static JsonElement Schema(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
