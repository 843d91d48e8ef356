using System.Text;
using System.Text.Json;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Pyro.Json;

namespace Pyro.Mcp.Tools;

/// <summary>One tool: what models are told of it, and its work.</summary>
internal sealed class PyroTool
{
    internal required string Name { get; init; }

    /// <summary>A few words for people.</summary>
    internal required string Title { get; init; }

    /// <summary>For models: what it does, when to use it, what comes back, and its limits.</summary>
    internal required string Description { get; init; }

    internal required ToolArgument[] Arguments { get; init; }

    /// <summary>The document that comes back; see <see cref="Schemas"/>.</summary>
    internal required string Output { get; init; }

    /// <summary>What a call is doing, for its progress.</summary>
    internal required string Doing { get; init; }

    internal required Func<ToolCall, Task<CallToolResult>> Work { get; init; }

    /// <summary>It changes nothing.</summary>
    internal bool IsReadOnly { get; init; }

    /// <summary>It may take away what somebody wants to keep.</summary>
    internal bool IsDestructive { get; init; }

    /// <summary>The same call twice does no more than once.</summary>
    internal bool IsIdempotent { get; init; }

    /// <summary>As the protocol wants it told.</summary>
    internal Tool Describe() => new()
    {
        Name = Name,
        Title = Title,
        Description = Description,
        InputSchema = InputSchema(),
        OutputSchema = Schemas.Of(Output),
        // Machines without a network touch nothing outside.
        Annotations = new ToolAnnotations { Title = Title, ReadOnlyHint = IsReadOnly, DestructiveHint = IsDestructive, IdempotentHint = IsIdempotent || IsReadOnly, OpenWorldHint = false },
    };

    /// <summary>Does the work of one call.</summary>
    /// <exception cref="PyroException">It failed.</exception>
    internal async Task<CallToolResult> CallAsync(PyroMcpContext context, RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var arguments = new ToolArguments(request.Params?.Arguments, Array.ConvertAll(Arguments, static argument => argument.Name));
        await using ProgressReporter? progress = ProgressReporter.For(request, Doing);
        return await Work(new ToolCall(context, arguments, progress, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>An error that a model can read and act upon.</summary>
    internal static CallToolResult Failure(PyroException e) => new()
    {
        IsError = true,
        Content = [new TextContentBlock { Text = JsonSerializer.Serialize(ErrorDocument.Of(e), PyroJson.Compact.ErrorDocument) }],
    };

    private JsonElement InputSchema()
    {
        var properties = new StringBuilder();
        var required = new StringBuilder();
        foreach (ToolArgument argument in Arguments)
        {
            properties.Append(properties.Length > 0 ? "," : "").Append('"').Append(argument.Name).Append("\":").Append(argument.Schema);
            if (argument.IsRequired)
                required.Append(required.Length > 0 ? "," : "").Append('"').Append(argument.Name).Append('"');
        }
        using JsonDocument document = JsonDocument.Parse(
            $$"""{"type":"object","properties":{{{properties}}},"required":[{{required}}],"additionalProperties":false}""");
        return document.RootElement.Clone();
    }
}
