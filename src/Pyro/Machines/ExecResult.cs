namespace Pyro.Machines;

/// <summary>What became of a command in a machine.</summary>
/// <param name="ExitCode">As <see cref="RunResult.ExitCode"/>.</param>
/// <param name="Stdout">Standard output as text; empty if it was streamed.</param>
/// <param name="Stderr">Standard error, in the same way.</param>
/// <param name="TimedOut">Whether the time limit ended it.</param>
/// <param name="Duration">From the request until its end.</param>
public sealed record ExecResult(int ExitCode, string Stdout, string Stderr, bool TimedOut, TimeSpan Duration);
