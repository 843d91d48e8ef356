namespace Pyro.Kvm;

/// <summary>How <see cref="ChildProcess.Start"/> differs from the plain case.</summary>
[Flags]
public enum ChildOptions
{
    /// <summary>In no way.</summary>
    None = 0,

    /// <summary>The child leads a session of its own, out of reach of the terminal's Ctrl-C.</summary>
    NewSession = 1,

    /// <summary>The child leads a process group of its own, which can be signalled as one.</summary>
    NewGroup = 2,

    /// <summary>The program is looked for in <c>PATH</c> unless its name has a slash.</summary>
    SearchPath = 4,
}
