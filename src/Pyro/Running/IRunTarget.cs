using Pyro.Protocol;

namespace Pyro.Running;

/// <summary>A running command, in a guest or on the host. Its methods return at once and do nothing once it has ended.</summary>
internal interface IRunTarget
{
    void Signal(int signal);

    void Resize(TerminalSize size);
}
