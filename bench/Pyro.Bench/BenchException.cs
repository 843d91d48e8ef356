namespace Pyro.Bench;

/// <summary>Something that is to be measured did not work; the message says what.</summary>
internal sealed class BenchException(string message) : Exception(message);
