using Pyro.Protocol;
using Pyro.Running;

namespace Pyro.Machines;

/// <summary>A command that runs in a guest, as the target of a <see cref="RunControl"/>.</summary>
internal sealed class GuestCommand(ExecStream exec) : IRunTarget
{
    // Signals and sizes arrive in the order in which they were asked for.
    private readonly Lock _gate = new();
    private Task _last = Task.CompletedTask;

    public void Signal(int signal) => Enqueue(() => exec.SignalAsync(signal));

    public void Resize(TerminalSize size) => Enqueue(() => exec.ResizeAsync(size));

    private void Enqueue(Func<ValueTask> send)
    {
        lock (_gate)
            _last = SendAfterAsync(_last, send);
    }

    private static async Task SendAfterAsync(Task before, Func<ValueTask> send)
    {
        await before.ConfigureAwait(false);
        try
        {
            await send().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The command has ended; its end is told by the reader.
        }
    }
}
