using System.Diagnostics;

namespace Pyro.EndToEnd;

/// <summary>A command that runs; its output is collected meanwhile.</summary>
public sealed class RunningCommand : IDisposable
{
    private readonly Process _process;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Task<byte[]> _stdout;
    private readonly Task<string> _stderr;
    private readonly Task _stdin;

    internal RunningCommand(ProcessStartInfo start, byte[]? stdin)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _stdout = ReadAsync();
        _stderr = _process.StandardError.ReadToEndAsync();
        _stdin = WriteAsync(stdin ?? []);
    }

    public int ProcessId => _process.Id;

    /// <summary>Waits for the end.</summary>
    /// <exception cref="TimeoutException">It did not come in time; the command was killed.</exception>
    public async Task<CommandResult> WaitAsync(TimeSpan limit)
    {
        try
        {
            // The streams end with the command, unless it left something behind that holds them: that is a failure as well.
            await Task.WhenAll(_process.WaitForExitAsync(), _stdout, _stderr, _stdin).WaitAsync(limit);
        }
        catch (TimeoutException)
        {
            string state = _process.HasExited ? "left a process behind that holds its output" : "did not end";
            _process.Kill();
            throw new TimeoutException($"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)} {state} after {limit.TotalSeconds} s");
        }
        return new CommandResult(_process.ExitCode, await _stdout, await _stderr, _clock.Elapsed);
    }

    public void Dispose() => _process.Dispose();

    private async Task<byte[]> ReadAsync()
    {
        using var collected = new MemoryStream();
        await _process.StandardOutput.BaseStream.CopyToAsync(collected);
        return collected.ToArray();
    }

    private async Task WriteAsync(byte[] data)
    {
        try
        {
            await _process.StandardInput.BaseStream.WriteAsync(data);
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The command ended without reading all of it, as it may.
        }
    }
}
