using System.Diagnostics;
using Pyro.Protocol;
using Pyro.Running;

namespace Pyro.Machines;

/// <summary>Runs a command in a guest, over the socket of its machine.</summary>
internal static class GuestExec
{
    // How long the agent may take over its own time limit before the host gives it up.
    private static readonly TimeSpan s_timeoutGrace = TimeSpan.FromSeconds(5);

    /// <summary>Runs one command to its end.</summary>
    /// <param name="socket">The machine's vsock socket.</param>
    /// <param name="request">The command.</param>
    /// <param name="streams">Its input and output.</param>
    /// <param name="progress">Told of its start, or null.</param>
    /// <param name="cancellationToken">Kills it.</param>
    /// <exception cref="PyroException">The guest refused it.</exception>
    /// <exception cref="TimeoutException">The agent did not keep its own time limit.</exception>
    /// <exception cref="Exception">One of <see cref="IsLoss"/>: the guest is gone.</exception>
    internal static async Task<CommandEnd> RunAsync(string socket, RunRequest request, CommandStreams streams, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        using var backstop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        backstop.CancelAfter(TimeSpan.FromSeconds(request.TimeoutSeconds) + s_timeoutGrace);
        try
        {
            await using GuestConnection connection = await GuestConnection.ConnectAsync(socket, cancellationToken: backstop.Token).ConfigureAwait(false);
            await using ExecStream exec = await connection.ExecAsync(ToExec(request, streams), backstop.Token).ConfigureAwait(false);
            progress?.Report(new RunPhase(RunPhase.Exec, Stopwatch.GetElapsedTime(start), [new("pid", $"{exec.ProcessId}")]));
            streams.Control?.Attach(new GuestCommand(exec));
            ExitedMessage end = await exec.RunAsync(streams.Stdin, streams.Stdout, streams.Stderr, backstop.Token).ConfigureAwait(false);
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            return end.TimedOut
                ? new CommandEnd(CommandEnd.TimeoutCode, TimedOut: true, took)
                : new CommandEnd(end.ShellCode, TimedOut: false, took);
        }
        catch (GuestRequestException e)
        {
            throw new PyroException(ErrorCodes.ExecFailed, $"the guest refused the command: {e.Message}", HintFor(e.Code), e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("the agent did not keep the command's time limit", e);
        }
    }

    /// <summary>Whether this is what a guest that is gone looks like.</summary>
    internal static bool IsLoss(Exception e) => e is GuestConnectionLostException or System.Net.Sockets.SocketException or ProtocolException;

    private static ExecRequest ToExec(RunRequest request, CommandStreams streams)
    {
        var environment = new EnvironmentVariable[request.Env.Count];
        int next = 0;
        foreach ((string name, string value) in request.Env)
            environment[next++] = new EnvironmentVariable(name, value);
        return new ExecRequest
        {
            Arguments = request.Command,
            Environment = environment,
            WorkingDirectory = request.Workdir ?? "",
            Terminal = streams.Terminal,
            TimeoutMilliseconds = checked((uint)request.TimeoutSeconds * 1000),
            Stdin = streams.Stdin is not null,
        };
    }

    internal static string? HintFor(string code) => code switch
    {
        FailureCode.BadDirectory => "Choose a --workdir that exists in the environment.",
        FailureCode.SpawnFailed => "Give the machine more memory: --mem-mib.",
        FailureCode.HoldFailed => "End what keeps the guest's disk busy, or try again.",
        FailureCode.UnsupportedVersion or FailureCode.UnknownRequest => "Build pyro and its agent together: ./build.sh",
        _ => null,
    };
}
