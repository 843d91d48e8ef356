using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Xml.Linq;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Pyro.Mcp.Tests;

/// <summary>LeftOut.xml takes JSON of the SDK out of the executable. What a server of tools says and hears has to stay.</summary>
public sealed class LeftOutTests
{
    private static readonly Type[] s_messages =
    [
        typeof(JsonRpcMessage), typeof(JsonRpcRequest), typeof(JsonRpcResponse), typeof(JsonRpcNotification), typeof(JsonRpcError), typeof(JsonRpcErrorDetail),
        typeof(InitializeRequestParams), typeof(InitializeResult), typeof(InitializedNotificationParams), typeof(DiscoverRequestParams), typeof(DiscoverResult),
        typeof(ListToolsRequestParams), typeof(ListToolsResult), typeof(CallToolRequestParams), typeof(CallToolResult), typeof(ToolListChangedNotificationParams),
        typeof(PingRequestParams), typeof(PingResult), typeof(EmptyResult), typeof(ProgressNotificationParams), typeof(CancelledNotificationParams),
        typeof(SubscriptionsListenRequestParams), typeof(SubscriptionsAcknowledgedNotificationParams),
        typeof(UnsupportedProtocolVersionErrorData), typeof(MissingRequiredClientCapabilityErrorData), typeof(UrlElicitationRequiredErrorData),
        typeof(TextContentBlock), typeof(ImageContentBlock), typeof(AudioContentBlock), typeof(ResourceLinkBlock), typeof(EmbeddedResourceBlock),
        typeof(TextResourceContents), typeof(BlobResourceContents), typeof(ToolAnnotations), typeof(RequestId), typeof(ProgressToken),
        typeof(JsonElement), typeof(JsonNode), typeof(JsonObject), typeof(string), typeof(bool), typeof(int), typeof(long), typeof(double),
    ];

    [Fact]
    public void Nothing_that_a_server_of_tools_says_or_hears_is_left_out()
    {
        string[] leftOut = [.. XDocument.Load(Path.Combine(AppContext.BaseDirectory, "LeftOut.xml")).Descendants("method")
            .Select(method => method.Attribute("signature")!.Value.Split('(')[0].Split(' ')[^1])
            .Where(name => name.StartsWith("Create_", StringComparison.Ordinal))];
        Dictionary<Type, string> all = typeof(McpJsonUtilities).GetNestedType("JsonContext", BindingFlags.NonPublic)!
            .GetMethods(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .Where(method => method.Name.StartsWith("Create_", StringComparison.Ordinal))
            .ToDictionary(method => method.ReturnType.GetGenericArguments()[0], method => method.Name);

        IEnumerable<string> needed = Reachable(s_messages).Where(all.ContainsKey).Select(type => all[type]);

        Assert.NotEmpty(leftOut);
        Assert.Empty(leftOut.Except(all.Values));
        Assert.Empty(needed.Intersect(leftOut));
    }

    /// <summary>Types of which the JSON of some is made: of their properties, elements and values.</summary>
    private static HashSet<Type> Reachable(IEnumerable<Type> types)
    {
        var seen = new HashSet<Type>();
        var next = new Queue<Type>(types);
        while (next.TryDequeue(out Type? type))
        {
            if (!seen.Add(type))
                continue;
            JsonTypeInfo info = McpJsonUtilities.DefaultOptions.GetTypeInfo(type);
            foreach (Type? part in (Type?[])[.. info.Properties.Select(property => property.PropertyType), info.ElementType, info.KeyType, Nullable.GetUnderlyingType(type)])
            {
                if (part is not null)
                    next.Enqueue(part);
            }
        }

        return seen;
    }
}
