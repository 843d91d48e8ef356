using System.Runtime.InteropServices;
using Pyro.Protocol;

namespace Pyro.Cli.Terminals;

/// <summary>
/// Turns this process's signals into what they mean for a run: the first goes to the command, and if that does not
/// end it soon, or there is no command yet, or another comes, the machine is stopped.
/// </summary>
internal sealed class Interrupts : IDisposable
{
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(3);

    // A reader that does not read can hold a run in a write for ever; the machine's process ends with this one.
    private static readonly TimeSpan s_lastResort = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly RunControl _control;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _signal;

    internal Interrupts(RunControl control)
    {
        _control = control;
        On(PosixSignal.SIGINT, 2);
        On(PosixSignal.SIGTERM, 15);
        On(PosixSignal.SIGHUP, 1);
        On(PosixSignal.SIGQUIT, 3);
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => control.Resize(LocalTerminal.Size)));
    }

    /// <summary>Set when the machine is to be stopped.</summary>
    internal CancellationToken Stop => _stop.Token;

    /// <summary>The exit code of a run that was stopped: 128 and the signal's number.</summary>
    internal int ExitCode => 128 + _signal;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _stop.Dispose();
    }

    private void On(PosixSignal name, int number) => _registrations.Add(PosixSignalRegistration.Create(name, context =>
    {
        context.Cancel = true;
        Interrupted(number);
    }));

    private void Interrupted(int number)
    {
        bool first = Interlocked.CompareExchange(ref _signal, number, 0) == 0;
        if (first && _control.Started)
        {
            _control.Signal(number);
            _stop.CancelAfter(s_grace);
            return;
        }
        _stop.CancelAfter(TimeSpan.Zero);
        int code = ExitCode;
        _ = Task.Delay(s_lastResort).ContinueWith(_ => Environment.Exit(code), TaskScheduler.Default);
    }
}
