using System.Diagnostics;
using Pyro.Environments;

namespace Pyro.Tests.Environments;

public sealed class BuildToolTests
{
    [Fact]
    public async Task Output_comes_back_and_messages_are_relayed()
    {
        var lines = new List<string>();
        string output = await BuildTool.RunAsync(
            BuildPrivilege.None, ["sh", "-c", "echo $A; printf 'one\\ntwo' >&2"], new Dictionary<string, string> { ["A"] = "42" }, lines.Add, CancellationToken.None);

        Assert.Equal("42\n", output);
        Assert.Equal(["one", "two"], lines);
    }

    [Fact]
    public async Task A_failure_says_what_failed_and_why()
    {
        PyroException e = await Assert.ThrowsAsync<PyroException>(() =>
            BuildTool.RunAsync(BuildPrivilege.None, ["sh", "-c", "echo 'E: no such mirror' >&2; echo bye >&2; exit 3"], null, null, CancellationToken.None));

        Assert.Equal(ErrorCodes.EnvironmentBuildFailed, e.Code);
        Assert.Equal("sh failed: E: no such mirror", e.Message);
        Assert.Contains("bye", e.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_kills_all_that_was_started()
    {
        using var cancel = new CancellationTokenSource();
        string number = $"100{Random.Shared.Next(1000, 9999)}.{Random.Shared.Next(1000, 9999)}";
        var clock = Stopwatch.StartNew();
        Task run = BuildTool.RunAsync(BuildPrivilege.Root(), ["sh", "-c", $"(sleep {number} & echo up >&2; sleep {number}); true"], null, _ => cancel.Cancel(), cancel.Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60));
        Assert.DoesNotContain(
            Directory.GetDirectories("/proc").Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])),
            folder => CommandLineOf(folder).Contains(number, StringComparison.Ordinal));
    }

    private static string CommandLineOf(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
