namespace Pyro.Protocol;

/// <summary>The peer sent bytes that are no frame, or a payload that does not parse.</summary>
public sealed class ProtocolException(string message) : Exception(message);
