using System.Collections;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Kvm.Native;
using Pyro.Protocol;

namespace Pyro.Running;

/// <summary>Runs a request's command on the host, as a plain process: what <c>--allow-host-compat</c> allows.</summary>
internal sealed class HostCommand : IRunTarget
{
    private readonly SpawnedProcess _process;
    private volatile bool _timedOut;

    private HostCommand(SpawnedProcess process) => _process = process;

    /// <summary>Runs the command to its end.</summary>
    /// <exception cref="OperationCanceledException">The token was set; the command's process group is dead.</exception>
    internal static async Task<CommandEnd> RunAsync(RunRequest request, CommandStreams streams, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (request.Workdir is not null && !Directory.Exists(request.Workdir))
            throw new PyroException(ErrorCodes.ExecFailed, $"the working directory {request.Workdir} does not exist on the host", "Choose another --workdir.");
        var clock = Stopwatch.StartNew();
        bool inherit = streams.Terminal is not null;
        SpawnedProcess? process = SpawnedProcess.TryStart(request.Command, EnvironmentOf(request), request.Workdir, inherit, out int errno);
        if (process is null)
            return CommandEnd.NotStarted(request.Command[0], errno is Uapi.ENOENT or Uapi.ENOTDIR, Marshal.GetPInvokeErrorMessage(errno), streams.Stderr, clock.Elapsed);

        var command = new HostCommand(process);
        progress?.Report(new RunPhase(RunPhase.Exec, clock.Elapsed, [new("pid", $"{process.Pid}"), new("mode", ExecutionModes.HostCompat)]));
        streams.Control?.Attach(command);
        using CancellationTokenRegistration cancelled = cancellationToken.Register(() => process.Signal(Uapi.SIGKILL));
        using var limit = new Timer(_ => command.KillAtTimeLimit(), null, TimeSpan.FromSeconds(request.TimeoutSeconds), Timeout.InfiniteTimeSpan);
        Task output = inherit ? Task.CompletedTask : command.StartPumps(streams);
        int code = await Task.Factory.StartNew(process.Wait, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        // A descendant that left the process group can hold the pipes for ever.
        Task pumped = await Task.WhenAny(output, Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None)).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        await pumped.ConfigureAwait(false);
        return new CommandEnd(command._timedOut ? CommandEnd.TimeoutCode : code, command._timedOut, clock.Elapsed);
    }

    public void Signal(int signal) => _process.Signal(signal);

    // The command has the terminal itself and is told by the kernel.
    public void Resize(TerminalSize size)
    {
    }

    private void KillAtTimeLimit()
    {
        _timedOut = true;
        _process.Signal(Uapi.SIGKILL);
    }

    private Task StartPumps(CommandStreams streams)
    {
        if (streams.Stdin is null)
            _process.Stdin!.Dispose();
        else
            Start("pyro-stdin", () => PumpInput(streams.Stdin, _process.Stdin!));
        return Task.WhenAll(
            Start("pyro-stdout", () => PumpOutput(_process.Stdout!, streams.Stdout)),
            Start("pyro-stderr", () => PumpOutput(_process.Stderr!, streams.Stderr)));
    }

    private static Task Start(string name, Action pump)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                pump();
                done.SetResult();
            }
            catch (IOException e)
            {
                done.SetException(e);
            }
        })
        {
            // A read of the user's terminal cannot be called off.
            IsBackground = true,
            Name = name,
        };
        thread.Start();
        return done.Task;
    }

    private static void PumpInput(Stream from, SafeFileHandle to)
    {
        using (to)
        {
            byte[] buffer = new byte[64 * 1024];
            int count;
            while ((count = from.Read(buffer)) > 0)
            {
                if (!BlockingFile.TryWrite(to, buffer.AsSpan(0, count)))
                    return;
            }
        }
    }

    private void PumpOutput(SafeFileHandle from, Stream to)
    {
        using (from)
        {
            byte[] buffer = new byte[64 * 1024];
            int count;
            try
            {
                while ((count = BlockingFile.Read(from, buffer)) > 0)
                {
                    to.Write(buffer.AsSpan(0, count));
                    to.Flush();
                }
            }
            catch (IOException)
            {
                // Nobody takes the output any more.
                _process.Signal(Uapi.SIGKILL);
                throw;
            }
        }
    }

    private static List<string> EnvironmentOf(RunRequest request)
    {
        var list = new List<string>();
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            if (!request.Env.ContainsKey((string)entry.Key))
                list.Add($"{entry.Key}={entry.Value}");
        }
        foreach ((string name, string value) in request.Env)
            list.Add($"{name}={value}");
        return list;
    }
}
