using System.Text;
using Pyro.Protocol;

namespace Pyro.Agent.Tests;

/// <summary>What a command did.</summary>
public sealed record ExecResult(ExitedMessage Exit, byte[] StdoutBytes, byte[] StderrBytes)
{
    public string Stdout => Encoding.UTF8.GetString(StdoutBytes);

    public string Stderr => Encoding.UTF8.GetString(StderrBytes);
}
