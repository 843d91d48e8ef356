using System.Text.Json;

namespace Pyro.Mcp.Tests;

/// <summary>The default profile and an independent client, on a host without KVM; true workspaces are tested end to end.</summary>
public sealed class WorkspaceCoreTests(NodeClient client) : IClassFixture<NodeClient>, IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("pyro-mcp-").FullName;

    [Fact]
    public async Task The_default_profile_is_the_contracts_seventeen_tools()
    {
        JsonElement answer = await AskAsync("describe");

        Assert.Contains("workspace_create", answer.GetProperty("instructions").GetString(), StringComparison.Ordinal);
        JsonElement[] tools = [.. answer.GetProperty("tools").EnumerateArray()];
        Assert.Equal(
            [
                "vm_run", "workspace_create", "workspace_list", "workspace_update", "workspace_status", "workspace_sync_push", "workspace_exec", "workspace_logs", "workspace_summary",
                "workspace_file_list", "workspace_file_read", "workspace_file_write", "workspace_patch_apply", "workspace_diff", "workspace_export", "workspace_reset", "workspace_delete",
            ],
            tools.Select(tool => tool.GetProperty("name").GetString()));
        foreach (JsonElement tool in tools)
        {
            string name = tool.GetProperty("name").GetString()!;
            Assert.True(tool.GetProperty("description").GetString()!.Length > 80, name);
            Assert.NotEmpty(tool.GetProperty("title").GetString()!);
            Assert.NotEmpty(tool.GetProperty("outputSchema").GetProperty("properties").EnumerateObject());
            foreach (string hint in (string[])["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"])
                Assert.True(tool.GetProperty("annotations").TryGetProperty(hint, out _), $"{name}: {hint}");
            foreach (JsonProperty argument in tool.GetProperty("inputSchema").GetProperty("properties").EnumerateObject())
                Assert.True(argument.Value.TryGetProperty("description", out _), $"{name}: {argument.Name}");
        }
        Assert.Equal(
            ["workspace_diff", "workspace_file_list", "workspace_file_read", "workspace_list", "workspace_logs", "workspace_status", "workspace_summary"],
            tools.Where(tool => tool.GetProperty("annotations").GetProperty("readOnlyHint").GetBoolean()).Select(tool => tool.GetProperty("name").GetString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_project_is_told_to_the_model_and_none_is_not()
    {
        static string Create(JsonElement answer) => answer.GetProperty("tools").EnumerateArray().Single(tool => tool.GetProperty("name").GetString() == "workspace_create").GetProperty("description").GetString()!;

        Assert.Contains("user's project", Create(await AskAsync("describe", null, "--project-path", _state)), StringComparison.Ordinal);
        Assert.DoesNotContain("user's project", Create(await AskAsync("describe", null, "--no-project-source")), StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string, string> BadCalls => new()
    {
        { "workspace_status", """{"workspace_id": "none"}""", "workspace_not_found", "none" },
        { "workspace_status", "{}", "invalid_argument", "'workspace_id' is missing" },
        { "workspace_status", """{"workspace_id": 5}""", "invalid_argument", "not a string" },
        { "workspace_exec", """{"workspace_id": "none", "command": []}""", "workspace_not_found", "none" },
        { "workspace_exec", """{"workspace_id": "none"}""", "invalid_argument", "'command' is missing" },
        { "workspace_create", """{"seed_path": "", "ttl_seconds": 0}""", "invalid_argument", "ttl_seconds is 0" },
        { "workspace_create", """{"seed_path": "", "name": "a/b"}""", "invalid_argument", "name" },
        { "workspace_create", """{"seed_path": ""}""", "kvm_not_found", "/nonexistent/kvm" },
        { "workspace_create", """{"secrets": {"A": "b"}}""", "invalid_argument", "no argument 'secrets'" },
        { "workspace_update", """{"workspace_id": "none", "clear_labels": "all"}""", "invalid_argument", "not a list of strings" },
        { "workspace_file_read", """{"workspace_id": "none", "path": "a", "max_bytes": 0}""", "invalid_argument", "max_bytes is 0" },
        { "workspace_file_write", """{"workspace_id": "none", "path": "a"}""", "invalid_argument", "'text' is missing" },
        { "workspace_export", """{"workspace_id": "none", "path": "a"}""", "invalid_argument", "'output_path' is missing" },
        { "workspace_reset", """{"workspace_id": "none", "snapshot": "a"}""", "invalid_argument", "no argument 'snapshot'" },
    };

    [Theory]
    [MemberData(nameof(BadCalls))]
    public async Task Bad_calls_are_tool_errors_with_code_and_message(string tool, string arguments, string code, string message)
    {
        JsonElement answer = await AskAsync("session", new[] { new { name = tool, arguments = JsonSerializer.Deserialize<JsonElement>(arguments) } });

        JsonElement result = Assert.Single(answer.EnumerateArray());
        Assert.False(result.GetProperty("ok").GetBoolean());
        JsonElement error = result.GetProperty("content").GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Contains(message, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_workspaces_is_an_empty_list()
    {
        JsonElement answer = await AskAsync("session", new[] { new { name = "workspace_list" } });

        Assert.Empty(answer[0].GetProperty("content").GetProperty("workspaces").EnumerateArray());
    }

    public void Dispose() => Directory.Delete(_state, recursive: true);

    private Task<JsonElement> AskAsync(string scenario, object? arguments = null, params string[] options) =>
        client.AskAsync(scenario, arguments, ["env", "PYRO_KVM=/nonexistent/kvm", $"XDG_STATE_HOME={_state}", NodeClient.Binary, "mcp", "serve", .. options]);
}
