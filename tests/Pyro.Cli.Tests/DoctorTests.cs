using System.Text.Json;

namespace Pyro.Cli.Tests;

public sealed class DoctorTests
{
    [Fact]
    public async Task It_says_what_is_missing_and_what_to_do()
    {
        (int code, string stdout, _) = await PyroProcess.RunAsync("doctor");

        Assert.Equal(1, code);
        Assert.Contains("FAIL  kvm_device", stdout, StringComparison.Ordinal);
        Assert.Contains("Machines cannot run here yet.", stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_every_check_with_a_hint_for_each_failure()
    {
        (int code, string stdout, string stderr) = await PyroProcess.RunAsync("doctor", "--json");

        Assert.Equal(1, code);
        Assert.Empty(stderr);
        using JsonDocument document = JsonDocument.Parse(stdout);
        Assert.False(document.RootElement.GetProperty("ok").GetBoolean());
        Assert.Equal("none", document.RootElement.GetProperty("host_kind").GetString());
        List<string> names = [];
        foreach (JsonElement check in document.RootElement.GetProperty("checks").EnumerateArray())
        {
            names.Add(check.GetProperty("name").GetString()!);
            if (check.GetProperty("status").GetString() == "failed")
                Assert.NotEmpty(check.GetProperty("hint").GetString()!);
        }
        Assert.Equal(["kvm_device", "kernel", "agent", "environment", "warm_start", "folders", "memory", "limits", "disk"], names);
    }

    [Fact]
    public async Task An_environment_that_does_not_exist_is_told()
    {
        (_, string stdout, _) = await PyroProcess.RunAsync("doctor", "--environment", "nonsense:1");

        Assert.Contains("FAIL  environment   there is no environment nonsense:1", stdout, StringComparison.Ordinal);
    }
}
