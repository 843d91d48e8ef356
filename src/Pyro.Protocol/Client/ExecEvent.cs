namespace Pyro.Protocol;

/// <summary>One step of a running command.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Data">The bytes of an output; valid until the next read.</param>
/// <param name="Exit">How the command ended, for <see cref="ExecEventKind.Exited"/>.</param>
public readonly record struct ExecEvent(ExecEventKind Kind, ReadOnlyMemory<byte> Data, ExitedMessage Exit);
