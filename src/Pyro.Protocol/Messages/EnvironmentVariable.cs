namespace Pyro.Protocol;

/// <summary>One variable of a command's environment.</summary>
/// <param name="Name">The name, without '=' and NUL, not empty.</param>
/// <param name="Value">The value, without NUL.</param>
public readonly record struct EnvironmentVariable(string Name, string Value);
