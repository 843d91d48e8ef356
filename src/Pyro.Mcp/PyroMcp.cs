using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Pyro.Mcp.Tools;

namespace Pyro.Mcp;

/// <summary>MCP servers over a <see cref="PyroClient"/>.</summary>
public static class PyroMcp
{
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
        var context = new PyroMcpContext(client, options);
        PyroTool[] tools = Contract.ToolsOf(options.Profile, options);
        var list = new ListToolsResult { Tools = Array.ConvertAll(tools, static tool => tool.Describe()) };
        return new McpServerOptions
        {
            ServerInfo = new Implementation { Name = "pyro", Title = "Pyro", Version = PyroVersion.Text },
            ServerInstructions = Contract.AboutOf(options.Profile),
            Capabilities = new ServerCapabilities { Tools = new ToolsCapability() },
            Handlers = new McpServerHandlers
            {
                ListToolsHandler = (_, _) => ValueTask.FromResult(list),
                CallToolHandler = (request, cancellationToken) => CallAsync(context, tools, request, cancellationToken),
            },
        };
    }

    private static async ValueTask<CallToolResult> CallAsync(PyroMcpContext context, PyroTool[] tools, RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        string? name = request.Params?.Name;
        PyroTool tool = Array.Find(tools, tool => tool.Name == name)
            ?? throw new McpProtocolException($"there is no tool {name}", McpErrorCode.InvalidParams);
        try
        {
            return await tool.CallAsync(context, request, cancellationToken).ConfigureAwait(false);
        }
        catch (PyroException e)
        {
            return PyroTool.Failure(e);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return PyroTool.Failure(new PyroException(ErrorCodes.Internal, $"something unexpected went wrong: {e.Message}", "This is a defect of pyro."));
        }
    }
}
