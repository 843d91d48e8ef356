using System.Diagnostics;
using System.Text;

namespace Pyro.Cli.Tests;

/// <summary>The published executable, run as a user runs it, on a host without KVM.</summary>
internal sealed class PyroProcess : IDisposable
{
    private readonly Process _process;

    private PyroProcess(Process process) => _process = process;

    internal static string Binary { get; } = Find();

    internal static string Repository => Path.GetDirectoryName(Path.GetDirectoryName(Binary))!;

    internal int Id => _process.Id;

    internal static async Task<(int ExitCode, string Stdout, string Stderr)> RunAsync(params string[] arguments)
    {
        (int code, byte[] stdout, string stderr) = await RunAsync([], arguments);
        return (code, Encoding.UTF8.GetString(stdout), stderr);
    }

    internal static async Task<(int ExitCode, byte[] Stdout, string Stderr)> RunAsync(byte[] input, string[] arguments)
    {
        using PyroProcess pyro = Start(arguments);
        Task feed = pyro.FeedAsync(input);
        using var stdout = new MemoryStream();
        Task copy = pyro._process.StandardOutput.BaseStream.CopyToAsync(stdout);
        string stderr = await pyro._process.StandardError.ReadToEndAsync();
        await copy;
        await feed;
        return (await pyro.ExitCodeAsync(), stdout.ToArray(), stderr);
    }

    internal static PyroProcess Start(params string[] arguments) => Start(Binary, arguments);

    internal static PyroProcess Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PYRO_KVM"] = "/nonexistent/kvm";
        start.Environment["PATH"] = $"{Path.GetDirectoryName(Binary)}:{Environment.GetEnvironmentVariable("PATH")}";
        return new PyroProcess(Process.Start(start)!);
    }

    internal Task<string?> ReadLineAsync() => _process.StandardOutput.ReadLineAsync();

    internal Task<string> ReadToEndAsync() => _process.StandardOutput.ReadToEndAsync();

    internal async Task<int> ExitCodeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    internal async Task SignalAsync(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", $"{Id}"]);
        await kill.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private async Task FeedAsync(byte[] input)
    {
        try
        {
            await _process.StandardInput.BaseStream.WriteAsync(input);
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // Nobody reads it, which a test may want.
        }
    }

    private static string Find()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (!File.Exists(Path.Combine(folder, "Pyro.sln")))
                continue;
            string binary = Path.Combine(folder, "out", "pyro");
            return File.Exists(binary) ? binary : throw new FileNotFoundException("out/pyro is missing: run ./build.sh first", binary);
        }
        throw new DirectoryNotFoundException("the tests run outside of the repository");
    }
}
