using System.Diagnostics;
using System.Text.Json;

namespace Pyro.Mcp.Tests;

/// <summary>The published server and an independent client, on a host without KVM; true machines are tested end to end.</summary>
public sealed class VmRunTests(NodeClient client) : IClassFixture<NodeClient>
{
    [Fact]
    public async Task The_server_introduces_itself_and_its_tool()
    {
        JsonElement answer = await client.AskAsync("describe");

        Assert.Equal("pyro", answer.GetProperty("server").GetProperty("name").GetString());
        Assert.NotEmpty(answer.GetProperty("instructions").GetString()!);
        JsonElement tool = Assert.Single(answer.GetProperty("tools").EnumerateArray());
        Assert.Equal("vm_run", tool.GetProperty("name").GetString());
        Assert.Contains("throws the machine away", tool.GetProperty("description").GetString(), StringComparison.Ordinal);
        JsonElement properties = tool.GetProperty("inputSchema").GetProperty("properties");
        Assert.Equal("debian:12", properties.GetProperty("environment").GetProperty("default").GetString());
        Assert.Equal(1, properties.GetProperty("vcpu_count").GetProperty("default").GetInt32());
        Assert.Equal(32, properties.GetProperty("vcpu_count").GetProperty("maximum").GetInt32());
        Assert.Equal(1024, properties.GetProperty("mem_mib").GetProperty("default").GetInt32());
        Assert.Equal(30, properties.GetProperty("timeout_seconds").GetProperty("default").GetInt32());
        Assert.True(tool.TryGetProperty("outputSchema", out _));
        foreach (string hint in (string[])["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"])
            Assert.True(tool.GetProperty("annotations").TryGetProperty(hint, out _), hint);
    }

    [Fact]
    public async Task A_shell_line_gives_structured_content_that_fits_the_schema()
    {
        JsonElement result = await client.AskAsync("call", new { command = "echo out; echo err >&2; exit 3", allow_host_compat = true });

        Assert.False(result.TryGetProperty("isError", out JsonElement error) && error.GetBoolean());
        JsonElement content = result.GetProperty("structuredContent");
        Assert.Equal("debian:12", content.GetProperty("environment").GetString());
        Assert.Equal("host_compat", content.GetProperty("execution_mode").GetString());
        Assert.Equal(3, content.GetProperty("exit_code").GetInt32());
        Assert.Equal("out\n", content.GetProperty("stdout").GetString());
        Assert.Equal("err\n", content.GetProperty("stderr").GetString());
        using JsonDocument text = JsonDocument.Parse(result.GetProperty("content")[0].GetProperty("text").GetString()!);
        Assert.Equal(3, text.RootElement.GetProperty("exit_code").GetInt32());
    }

    [Fact]
    public async Task A_list_of_words_meets_no_shell()
    {
        string[] command = ["printf", "%s|", "$HOME", "a b"];
        JsonElement result = await client.AskAsync("call", new { command, allow_host_compat = true });

        Assert.Equal("$HOME|a b|", result.GetProperty("structuredContent").GetProperty("stdout").GetString());
    }

    [Fact]
    public async Task All_arguments_reach_the_command()
    {
        JsonElement result = await client.AskAsync("call", new
        {
            environment = "debian:12-build",
            command = "echo $A; pwd",
            env = new Dictionary<string, string> { ["A"] = "1" },
            workdir = "/usr",
            vcpu_count = 2,
            mem_mib = 512,
            timeout_seconds = 5,
            ttl_seconds = 60,
            allow_host_compat = true,
        });

        Assert.Equal("1\n/usr\n", result.GetProperty("structuredContent").GetProperty("stdout").GetString());
        Assert.Equal("debian:12-build", result.GetProperty("structuredContent").GetProperty("environment").GetString());
    }

    [Fact]
    public async Task Long_output_is_cut_and_says_so()
    {
        JsonElement result = await client.AskAsync("call", new { command = "yes | head -c 1000000", allow_host_compat = true });

        JsonElement content = result.GetProperty("structuredContent");
        Assert.True(content.GetProperty("stdout_truncated").GetBoolean());
        Assert.Equal(64 * 1024, content.GetProperty("stdout").GetString()!.Length);
    }

    [Fact]
    public async Task Without_a_machine_the_error_says_what_to_do()
    {
        JsonElement result = await client.AskAsync("call", new { command = "true" });

        Assert.True(result.GetProperty("isError").GetBoolean());
        JsonElement error = ErrorOf(result);
        Assert.Equal("kvm_not_found", error.GetProperty("code").GetString());
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.NotEmpty(error.GetProperty("hint").GetString()!);
    }

    public static TheoryData<string, string> BadArguments => new()
    {
        { "{}", "'command' is missing" },
        { """{"command": ""}""", "command line that is not empty" },
        { """{"command": []}""", "no command" },
        { """{"command": [1]}""", "list of strings" },
        { """{"command": 5}""", "list of strings" },
        { """{"command": "true", "vcpu_count": 0}""", "vcpu_count is 0" },
        { """{"command": "true", "vcpu_count": 1.5}""", "not an integer" },
        { """{"command": "true", "mem_mib": "much"}""", "not an integer" },
        { """{"command": "true", "allow_host_compat": "yes"}""", "not true or false" },
        { """{"command": "true", "workdir": "relative"}""", "workdir is relative" },
        { """{"command": "true", "env": {"A": 1}}""", "object of strings" },
        { """{"command": "true", "colour": "red"}""", "no argument 'colour'" },
    };

    [Theory]
    [MemberData(nameof(BadArguments))]
    public async Task Bad_arguments_are_tool_errors_that_a_model_can_mend(string arguments, string message)
    {
        JsonElement result = await client.AskAsync("call", JsonSerializer.Deserialize<JsonElement>(arguments));

        Assert.True(result.GetProperty("isError").GetBoolean());
        Assert.Equal("invalid_argument", ErrorOf(result).GetProperty("code").GetString());
        Assert.Contains(message, ErrorOf(result).GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_tool_is_a_protocol_error()
    {
        JsonElement error = await client.AskAsync("unknown");

        Assert.Equal(-32602, error.GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task Progress_grows_until_the_end()
    {
        JsonElement answer = await client.AskAsync("progress", new { command = "sleep 5", allow_host_compat = true });

        double last = -1;
        List<string> messages = [];
        foreach (JsonElement value in answer.GetProperty("progress").EnumerateArray())
        {
            Assert.True(value.GetProperty("progress").GetDouble() > last);
            last = value.GetProperty("progress").GetDouble();
            messages.Add(value.GetProperty("message").GetString()!);
        }
        Assert.True(messages.Count >= 4, string.Join("; ", messages));
        Assert.StartsWith("the command runs", messages[^1], StringComparison.Ordinal);
        Assert.Equal(0, answer.GetProperty("result").GetProperty("structuredContent").GetProperty("exit_code").GetInt32());
    }

    [Fact]
    public async Task Cancelling_a_call_kills_its_command()
    {
        string pidFile = Path.Combine(Directory.CreateTempSubdirectory("pyro-mcp-").FullName, "pid");

        JsonElement answer = await client.AskAsync("cancel", new { command = $"echo $$ > {pidFile}; exec sleep 60", allow_host_compat = true });

        Assert.Contains("enough", answer.GetProperty("outcome").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, answer.GetProperty("tools").GetInt32());
        Assert.False(Directory.Exists($"/proc/{(await File.ReadAllTextAsync(pidFile)).Trim()}"));
        Directory.Delete(Path.GetDirectoryName(pidFile)!, recursive: true);
    }

    [Fact]
    public async Task Calls_run_side_by_side()
    {
        var clock = Stopwatch.StartNew();
        JsonElement answer = await client.AskAsync("several");

        Assert.Equal(["1\n", "2\n", "3\n", "4\n"], answer.EnumerateArray().Select(value => value.GetString()));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30));
    }

    private static JsonElement ErrorOf(JsonElement result)
    {
        using JsonDocument document = JsonDocument.Parse(result.GetProperty("content")[0].GetProperty("text").GetString()!);
        return document.RootElement.GetProperty("error").Clone();
    }
}
