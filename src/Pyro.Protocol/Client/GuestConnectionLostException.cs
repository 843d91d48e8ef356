namespace Pyro.Protocol;

/// <summary>The connection to the agent ended before the request did: the machine, or its VMM, is gone.</summary>
public sealed class GuestConnectionLostException(string message, Exception? innerException = null) : IOException(message, innerException);
