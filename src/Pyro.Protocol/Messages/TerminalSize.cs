namespace Pyro.Protocol;

/// <summary>The size of a terminal in characters.</summary>
/// <param name="Columns">Characters a line.</param>
/// <param name="Rows">Lines.</param>
public readonly record struct TerminalSize(ushort Columns, ushort Rows);
