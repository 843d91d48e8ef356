using System.Text;

namespace Pyro.Running;

/// <summary>How a command ended, wherever it ran.</summary>
/// <param name="ExitCode">As <see cref="RunResult.ExitCode"/>.</param>
/// <param name="TimedOut">Whether the time limit ended it.</param>
/// <param name="Duration">How long it took.</param>
internal sealed record CommandEnd(int ExitCode, bool TimedOut, TimeSpan Duration)
{
    internal const int TimeoutCode = 124, NotExecutableCode = 126, NotFoundCode = 127;

    /// <summary>The end of a command that never began: told on standard error, as a shell does.</summary>
    internal static CommandEnd NotStarted(string program, bool notFound, string why, Stream stderr, TimeSpan duration)
    {
        stderr.Write(Encoding.UTF8.GetBytes(notFound ? $"pyro: {program}: command not found\n" : $"pyro: {program}: cannot be executed: {why}\n"));
        stderr.Flush();
        return new CommandEnd(notFound ? NotFoundCode : NotExecutableCode, TimedOut: false, duration);
    }
}
