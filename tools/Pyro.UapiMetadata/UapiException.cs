namespace Pyro.UapiReader;

/// <summary>The headers could not be read.</summary>
internal sealed class UapiException(string message, Exception? inner = null) : Exception(message, inner);
