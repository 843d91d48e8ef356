namespace Pyro.Mcp;

/// <summary>What every tool works with.</summary>
/// <param name="Client">The SDK.</param>
/// <param name="Options">What the server was told.</param>
internal sealed record PyroMcpContext(PyroClient Client, PyroMcpOptions Options);
