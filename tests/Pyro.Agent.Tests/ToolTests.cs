using System.Text;
using Pyro.Protocol;

namespace Pyro.Agent.Tests;

public sealed class ToolTests(AgentProcess agent) : IClassFixture<AgentProcess>
{
    [Fact]
    public async Task A_tool_runs_as_a_command_and_is_the_agent_itself()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.txt", "hello", executable: true);

        await using ToolStream tool = await StartAsync(ToolNames.List, folder.Path);
        await tool.WriteAsync(new ListFilesRequest("", true, 10), AgentProcess.Soon);

        using ToolFrame entries = await tool.ReadAsync(AgentProcess.Soon);
        FileEntry entry = Assert.Single(Frame.Decode<FileEntriesMessage>(entries.Payload.Span).Entries);
        Assert.Equal(("a.txt", FileKind.File, 5UL, 0x1c0), (Encoding.UTF8.GetString(entry.Path.Span), entry.Kind, entry.Size, entry.Mode));
        using ToolFrame done = await tool.ReadAsync(AgentProcess.Soon);
        Assert.Equal(new ToolDoneMessage(1, 0, false), Frame.Decode<ToolDoneMessage>(done.Payload.Span));
        ToolEndedException end = await Assert.ThrowsAsync<ToolEndedException>(async () => await tool.ReadAsync(AgentProcess.Soon));
        Assert.Equal((0, 0), (end.Exit.Code, end.Exit.Signal));
    }

    [Fact]
    public async Task A_tool_that_the_agent_does_not_know_says_so()
    {
        await using ToolStream tool = await StartAsync("no-such-tool", "/");

        ToolEndedException end = await Assert.ThrowsAsync<ToolEndedException>(async () => await tool.ReadAsync(AgentProcess.Soon));

        Assert.Equal(2, end.Exit.Code);
        Assert.Contains("no-such-tool", end.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tool_that_is_sent_nonsense_refuses_and_the_agent_lives_on()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(5);
        foreach (string name in (string[])[ToolNames.List, ToolNames.Read, ToolNames.Edit, ToolNames.TarIn, ToolNames.TarOut])
        {
            var noise = new byte[500];
            random.NextBytes(noise);
            noise.AsSpan(1, 3).Clear();
            await using ToolStream tool = await StartAsync(name, folder.Path);
            await tool.WriteFramesAsync(noise, AgentProcess.Soon);

            using ToolFrame failed = await tool.ReadAsync(AgentProcess.Soon);
            Assert.Equal(ToolFailure.BadRequest, Frame.Decode<ToolFailedMessage>(failed.Payload.Span).Code);
        }

        Assert.Equal("alive\n", (await agent.ShellAsync("echo alive")).Stdout);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    private async Task<ToolStream> StartAsync(string tool, string root)
        => await ToolStream.StartAsync(await agent.ConnectAsync(), tool, root, AgentProcess.Soon);
}
