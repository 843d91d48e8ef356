using Pyro.Protocol;
using Pyro.Running;

namespace Pyro;

/// <summary>
/// A handle on a running command. What is asked before the command has started is kept until it has, so that no
/// signal is lost between two phases.
/// </summary>
public sealed class RunControl
{
    private readonly Lock _gate = new();
    private readonly List<Action<IRunTarget>> _waiting = [];
    private IRunTarget? _target;

    /// <summary>Whether a command has been started.</summary>
    public bool Started
    {
        get
        {
            lock (_gate)
                return _target is not null;
        }
    }

    /// <summary>Sends a signal to the command's process group.</summary>
    /// <param name="signal">Its Linux number, as 2 for SIGINT.</param>
    public void Signal(int signal) => Ask(target => target.Signal(signal));

    /// <summary>Tells the command that its terminal has a new size.</summary>
    /// <param name="size">The new size.</param>
    public void Resize(TerminalSize size) => Ask(target => target.Resize(size));

    internal void Attach(IRunTarget target)
    {
        lock (_gate)
        {
            _target = target;
            foreach (Action<IRunTarget> request in _waiting)
                request(target);
            _waiting.Clear();
        }
    }

    private void Ask(Action<IRunTarget> request)
    {
        lock (_gate)
        {
            if (_target is null)
                _waiting.Add(request);
            else
                request(_target);
        }
    }
}
