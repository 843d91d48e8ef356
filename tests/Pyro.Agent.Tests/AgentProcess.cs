using System.Diagnostics;
using System.Net.Sockets;
using Pyro.Protocol;

namespace Pyro.Agent.Tests;

/// <summary>
/// An agent that serves on a Unix socket: the program that PYRO_AGENT names (the published one), else this build's.
/// </summary>
public sealed class AgentProcess : IAsyncDisposable, IDisposable
{
    private readonly string _socketPath = Path.Combine(Path.GetTempPath(), $"pyro-agent-{Guid.NewGuid():n}.sock");
    private readonly Process _process;

    public AgentProcess()
        : this(cgroups: true)
    {
    }

    internal AgentProcess(bool cgroups)
    {
        var start = new ProcessStartInfo { UseShellExecute = false };
        if (Environment.GetEnvironmentVariable("PYRO_AGENT") is { Length: > 0 } program)
        {
            start.FileName = program;
        }
        else
        {
            start.FileName = Environment.ProcessPath!.EndsWith("/dotnet", StringComparison.Ordinal) ? Environment.ProcessPath : "dotnet";
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "pyro-agent.dll"));
        }

        start.ArgumentList.Add("serve");
        start.ArgumentList.Add("--unix");
        start.ArgumentList.Add(_socketPath);
        if (!cgroups)
            start.Environment["PYRO_AGENT_NO_CGROUP"] = "1";
        _process = Process.Start(start)!;
    }

    /// <summary>For everything that should take far less.</summary>
    public static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(120)).Token;

    /// <summary>The agent's process.</summary>
    public int Id => _process.Id;

    /// <summary>The most memory the agent ever held, in KiB.</summary>
    public long PeakKib
        => long.Parse(File.ReadLines($"/proc/{Id}/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1]);

    /// <summary>Descriptors the agent holds.</summary>
    public int Descriptors => Directory.GetFiles($"/proc/{Id}/fd").Length;

    public async Task<NetworkStream> OpenAsync()
    {
        for (int attempt = 0; ; attempt++)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socketPath), Soon);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException) when (attempt < 500 && !_process.HasExited)
            {
                socket.Dispose();
                await Task.Delay(20);
            }
        }
    }

    public async Task<GuestConnection> ConnectAsync() => new(await OpenAsync());

    public async Task<ExecStream> StartAsync(ExecRequest request) => await (await ConnectAsync()).ExecAsync(request, Soon);

    /// <summary>Runs a shell command line to its end.</summary>
    public Task<ExecResult> ShellAsync(string script, byte[]? stdin = null, uint timeoutMilliseconds = 0)
        => RunAsync(new ExecRequest { Arguments = ["sh", "-c", script], Stdin = stdin is not null, TimeoutMilliseconds = timeoutMilliseconds }, stdin);

    public async Task<ExecResult> RunAsync(ExecRequest request, byte[]? stdin = null)
    {
        await using ExecStream exec = await StartAsync(request);
        using var stdout = new MemoryStream();
        using var stderr = new MemoryStream();
        ExitedMessage exit = await exec.RunAsync(stdin is null ? null : new MemoryStream(stdin), stdout, stderr, Soon);
        return new ExecResult(exit, stdout.ToArray(), stderr.ToArray());
    }

    public async Task<AgentInfo> InfoAsync()
    {
        await using GuestConnection connection = await ConnectAsync();
        return await connection.InfoAsync(Soon);
    }

    /// <summary>Asks the agent to end, waits for it, and returns its exit code.</summary>
    public async Task<int> PowerOffAsync(uint graceMilliseconds = 500)
    {
        await using (GuestConnection connection = await ConnectAsync())
            await connection.PowerOffAsync(new PowerOffRequest { GraceMilliseconds = graceMilliseconds }, Soon);
        await _process.WaitForExitAsync(Soon);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_process.HasExited)
                await PowerOffAsync();
        }
        finally
        {
            // One that does not do as it is told would outlive the tests.
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            _process.Dispose();
            File.Delete(_socketPath);
        }
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();
}
