using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Pyro.EndToEnd;

/// <summary>
/// The machine that the published binaries run on: this one where its KVM is backed by hardware, else the lab. Made once
/// for all tests; where neither works the tests fail and say why.
/// </summary>
public sealed class Host : IAsyncLifetime
{
    /// <summary>Enough for a boot on an emulated CPU beside other work.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>Where this source lies.</summary>
    internal static string Checkout { get; } = FindCheckout();

    public bool IsLab { get; private set; }

    public async Task InitializeAsync()
    {
        string pyro = Path.Combine(Checkout, "out", "pyro");
        Assert.True(File.Exists(pyro), $"{pyro} is not there: ./build.sh makes it, and test.sh calls that.");
        // Where `pyro doctor` finds KVM in order, it is used; a software KVM is not.
        CommandResult doctor = await RunAsync(new ProcessStartInfo(pyro, ["doctor", "--json"]), null, TimeSpan.FromSeconds(30));
        IsLab = !doctor.Text.Replace(" ", "", StringComparison.Ordinal).Contains("\"host_kind\":\"hardware\"", StringComparison.Ordinal);
        CommandResult ready = await ShellAsync("pyro --version", limit: TimeSpan.FromMinutes(15));
        Assert.True(ready.ExitCode == 0, $"{(IsLab ? "the lab" : "this machine")} does not run pyro: {ready}");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary><c>pyro ARGUMENTS</c>, through the wrapper that users call.</summary>
    public Task<CommandResult> PyroAsync(params string[] arguments) => PyroAsync(null, arguments);

    /// <summary>The same with standard input.</summary>
    public Task<CommandResult> PyroAsync(byte[]? stdin, params string[] arguments) => RunAsync(PyroCommand(arguments), stdin, Limit);

    /// <summary>The same, while the test goes on.</summary>
    public RunningCommand StartPyro(params string[] arguments) => new(PyroCommand(arguments), null);

    /// <summary>A script on the machine that pyro runs on, with pyro on its path.</summary>
    public Task<CommandResult> ShellAsync(string script, byte[]? stdin = null, TimeSpan? limit = null) =>
        RunAsync(ShellCommand(script), stdin, limit ?? Limit);

    /// <summary><c>bench/compare ARGUMENTS</c>.</summary>
    internal static Task<CommandResult> BenchAsync(params string[] arguments) => ScriptAsync("bench/compare", arguments);

    /// <summary>A script of the repository that finds a machine that runs guests by itself.</summary>
    internal static Task<CommandResult> ScriptAsync(string path, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Checkout, path), arguments);
        start.Environment["PYRO_BENCH_PEERS"] = "qemu";
        return RunAsync(start, null, TimeSpan.FromMinutes(15));
    }

    private static async Task<CommandResult> RunAsync(ProcessStartInfo start, byte[]? stdin, TimeSpan limit)
    {
        using var command = new RunningCommand(start, stdin);
        return await command.WaitAsync(limit);
    }

    private ProcessStartInfo PyroCommand(string[] arguments) =>
        new(Path.Combine(Checkout, IsLab ? "lab" : "out", "pyro"), arguments);

    /// <summary>Program and arguments that run a script on the machine that pyro runs on, with pyro on its path.</summary>
    internal string[] ShellWords(string script) =>
    [
        .. IsLab ? (string[])[Path.Combine(Checkout, "lab", "built")] : ["env", $"PATH={Path.Combine(Checkout, "out")}:{Environment.GetEnvironmentVariable("PATH")}"],
        "bash", "-euo", "pipefail", "-c", script,
    ];

    private ProcessStartInfo ShellCommand(string script)
    {
        string[] words = ShellWords(script);
        return new ProcessStartInfo(words[0], words[1..]);
    }

    private static string FindCheckout([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));
}
