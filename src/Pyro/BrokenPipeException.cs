namespace Pyro;

/// <summary>Nobody reads a standard stream any more.</summary>
public sealed class BrokenPipeException() : IOException("nobody reads the output any more");
