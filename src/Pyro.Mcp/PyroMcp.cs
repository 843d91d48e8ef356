using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Pyro.Mcp.Tools;

namespace Pyro.Mcp;

/// <summary>MCP servers over a <see cref="PyroClient"/>.</summary>
public static class PyroMcp
{
    private const string Instructions =
        "Pyro runs commands in disposable Linux virtual machines: each call of vm_run boots a fresh one, and nothing of it remains. "
        + "Use it for whatever you would not run on the user's own machine: unknown code, installs, experiments.";

    /// <summary>Makes a server for a transport of the caller's.</summary>
    /// <param name="client">What the tools work with.</param>
    /// <param name="transport">Where messages come from; it stays the caller's.</param>
    /// <param name="options">What to serve.</param>
    /// <exception cref="PyroException">There is no such profile.</exception>
    public static McpServer CreateServer(this PyroClient client, ITransport transport, PyroMcpOptions options) =>
        McpServer.Create(transport, ServerOptions(client, options));

    /// <summary>Serves over this process's standard input and output until the input ends.</summary>
    /// <param name="client">What the tools work with.</param>
    /// <param name="options">What to serve.</param>
    /// <param name="cancellationToken">Ends the server and all calls under way.</param>
    /// <exception cref="PyroException">There is no such profile.</exception>
    public static async Task ServeStdioAsync(this PyroClient client, PyroMcpOptions options, CancellationToken cancellationToken = default)
    {
        McpServerOptions server = ServerOptions(client, options);
        await using var transport = new StdioServerTransport(server);
        await using McpServer running = McpServer.Create(transport, server);
        await running.RunAsync(cancellationToken).ConfigureAwait(false);
    }

    private static McpServerOptions ServerOptions(PyroClient client, PyroMcpOptions options)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        PyroTool[] tools = Contract.ToolsOf(options.Profile, new PyroMcpContext(client, options));
        var list = new ListToolsResult { Tools = [.. tools.Select(static tool => tool.Description)] };
        return new McpServerOptions
        {
            ServerInfo = new Implementation { Name = "pyro", Title = "Pyro", Version = PyroVersion.Text },
            ServerInstructions = Instructions,
            Capabilities = new ServerCapabilities { Tools = new ToolsCapability() },
            Handlers = new McpServerHandlers
            {
                ListToolsHandler = (_, _) => ValueTask.FromResult(list),
                CallToolHandler = (request, cancellationToken) => CallAsync(tools, request, cancellationToken),
            },
        };
    }

    private static async ValueTask<CallToolResult> CallAsync(PyroTool[] tools, RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        string? name = request.Params?.Name;
        PyroTool tool = Array.Find(tools, tool => tool.Description.Name == name)
            ?? throw new McpProtocolException($"there is no tool {name}", McpErrorCode.InvalidParams);
        try
        {
            return await tool.CallAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (PyroException e)
        {
            return PyroTool.Failure(e);
        }
    }
}
