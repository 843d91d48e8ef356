using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ModelContextProtocol.Protocol;

namespace Pyro.Mcp.Tools;

/// <summary>A call that came in: its arguments, and what its tool works with.</summary>
internal sealed class ToolCall(PyroMcpContext context, ToolArguments arguments, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
{
    internal PyroClient Client => context.Client;

    internal PyroMcpOptions Options => context.Options;

    internal ToolArguments Arguments => arguments;

    internal IProgress<RunPhase>? Progress => progress;

    /// <summary>Set when the client cancels the call.</summary>
    internal CancellationToken CancellationToken => cancellationToken;

    /// <summary>The workspace that the call is about.</summary>
    internal string Workspace => arguments.Required(CommonArguments.WorkspaceId.Name);

    /// <summary>A result as structured content, and as text for clients that know no such thing.</summary>
    /// <param name="result">The document.</param>
    /// <param name="type">Its JSON.</param>
    /// <param name="text">The text, or null for the document once more.</param>
    internal static CallToolResult Result<T>(T result, JsonTypeInfo<T> type, string? text = null) => new()
    {
        Content = [new TextContentBlock { Text = text ?? JsonSerializer.Serialize(result, type) }],
        StructuredContent = JsonSerializer.SerializeToElement(result, type),
    };
}
