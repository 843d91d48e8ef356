using System.Text;
using Microsoft.Win32.SafeHandles;
using Pyro.Machines;
using Pyro.Running;

namespace Pyro.Workspaces.Engine;

/// <summary>Runs commands in workspaces, any number at once, and keeps what they print.</summary>
internal sealed class WorkspaceCommands(PyroPaths paths)
{
    private readonly WorkspaceMachines _machines = new(paths);

    /// <summary>Runs one to its end.</summary>
    internal async Task<WorkspaceExecResult> ExecAsync(WorkspaceFolder folder, WorkspaceExecRequest request, RunStreams streams, CancellationToken cancellationToken)
    {
        WorkspaceRecord record = folder.Load();
        var run = new RunRequest { Environment = record.Environment, Command = request.Command, TimeoutSeconds = request.TimeoutSeconds, Workdir = request.Workdir, Env = request.Env };
        run.Validate();
        RequireRunning(folder, record);
        var history = new History(folder);
        int sequence = history.NextSequence();
        DateTimeOffset started = WorkspaceCreation.Now();
        using var command = new CommandStreams(streams, request.MaxOutputBytes);
        using Stream stdoutLog = OpenLog(history, sequence, "stdout"), stderrLog = OpenLog(history, sequence, "stderr");
        CommandStreams logged = command.With(new TeeStream(command.Stdout, stdoutLog), new TeeStream(command.Stderr, stderrLog));
        long begin = System.Diagnostics.Stopwatch.GetTimestamp();
        CommandEnd? end = null;
        try
        {
            end = await GuestExec.RunAsync(_machines.VsockPath(record), run, logged, null, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw new PyroException(ErrorCodes.AgentFailed, $"the command was not ended after {request.TimeoutSeconds} seconds: the guest does not answer", "Reset the workspace, or stop and start it.", e);
        }
        catch (Exception e) when (GuestExec.IsLoss(e))
        {
            throw await LossAsync(folder, record, e).ConfigureAwait(false);
        }
        finally
        {
            history.Add(new HistoryEntry
            {
                Kind = History.Exec,
                At = started,
                Sequence = sequence,
                Command = request.Command,
                Cwd = request.Workdir,
                ExitCode = end?.ExitCode,
                TimedOut = end?.TimedOut ?? false,
                DurationMs = Math.Round(System.Diagnostics.Stopwatch.GetElapsedTime(begin).TotalMilliseconds, 3),
            });
        }

        (string stdout, string stderr) = command.Collected;
        (bool stdoutCut, bool stderrCut) = command.Truncated;
        return new WorkspaceExecResult
        {
            WorkspaceId = folder.Id,
            Sequence = sequence,
            Cwd = request.Workdir,
            ExitCode = end.ExitCode,
            DurationMs = Math.Round(end.Duration.TotalMilliseconds, 3),
            Stdout = stdout,
            Stderr = stderr,
            StdoutTruncated = stdoutCut,
            StderrTruncated = stderrCut,
            TimedOut = end.TimedOut,
        };
    }

    /// <summary>The last commands that were run since the last reset, and the end of what they printed.</summary>
    internal static WorkspaceLogs Logs(WorkspaceFolder folder, int last, int maxOutputBytes)
    {
        var history = new History(folder);
        List<HistoryEntry> commands = [.. history.Read()];
        commands.RemoveAll(static entry => entry.Kind != History.Exec);
        int omitted = Math.Max(0, commands.Count - last);
        return new WorkspaceLogs(folder.Id, [.. commands.Skip(omitted).Select(Entry)], omitted);

        WorkspaceLogEntry Entry(HistoryEntry entry)
        {
            (string stdout, bool stdoutCut) = Tail(history.LogPath(entry.Sequence, "stdout"), maxOutputBytes);
            (string stderr, bool stderrCut) = Tail(history.LogPath(entry.Sequence, "stderr"), maxOutputBytes);
            return new WorkspaceLogEntry(entry.Sequence, entry.At, entry.Cwd ?? "", entry.Command, entry.ExitCode, entry.DurationMs, entry.TimedOut, stdout, stderr, stdoutCut, stderrCut);
        }
    }

    /// <exception cref="PyroException">The machine does not run.</exception>
    internal static void RequireRunning(WorkspaceFolder folder, WorkspaceRecord record)
    {
        (WorkspaceState state, string? reason) = WorkspaceMachines.StateOf(folder, record);
        if (state != WorkspaceState.Running)
            throw new PyroException(ErrorCodes.WorkspaceStopped, $"the workspace {record.WorkspaceId} is stopped: {reason}", $"Start it: pyro workspace start {record.WorkspaceId}");
    }

    // The connection breaks a moment before the process is known to be dead.
    private static async Task<PyroException> LossAsync(WorkspaceFolder folder, WorkspaceRecord record, Exception cause)
    {
        if (!Directory.Exists(folder.Path))
            return new PyroException(ErrorCodes.WorkspaceNotFound, $"the workspace {folder.Id} was deleted while the command ran", null, cause);
        if (await AliveLock.WaitUntilFreeAsync(folder.Alive, TimeSpan.FromSeconds(1), CancellationToken.None).ConfigureAwait(false))
            return new PyroException(ErrorCodes.MachineDied, $"the workspace's machine ended before the command did: {WorkspaceMachines.StateOf(folder, record).Reason}", $"Start it again: pyro workspace start {record.WorkspaceId}", cause);
        return new PyroException(ErrorCodes.MachineDied, "the connection to the guest's agent broke: the workspace was reset, or its agent does not answer", $"See: pyro workspace status {record.WorkspaceId}", cause);
    }

    private static FileStream OpenLog(History history, int sequence, string stream) => new(history.LogPath(sequence, stream), new FileStreamOptions
    {
        Mode = FileMode.OpenOrCreate,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite | FileShare.Delete,
        BufferSize = 0,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    });

    private static (string Text, bool Truncated) Tail(string path, int maxBytes)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            long length = RandomAccess.GetLength(file);
            byte[] bytes = new byte[(int)Math.Min(length, maxBytes)];
            int read = RandomAccess.Read(file, bytes, length - bytes.Length);
            return (Encoding.UTF8.GetString(bytes.AsSpan(0, read)), length > bytes.Length);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return ("", false);
        }
    }
}
