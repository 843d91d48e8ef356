using System.Globalization;

namespace Pyro.Cli.Output;

/// <summary>
/// A line on the terminal that shows that a machine is on its way. It appears only if that takes a while and is gone
/// before the command's first output.
/// </summary>
internal sealed class Spinner : IProgress<RunPhase>, IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly TextWriter _output;
    private readonly Timer _timer;
    private readonly long _start = System.Diagnostics.Stopwatch.GetTimestamp();
    private string _text = "starting";
    private int _frame;
    private bool _shown;
    private bool _over;

    internal Spinner(TextWriter output)
    {
        _output = output;
        _timer = new Timer(_ => Draw(), null, s_patience, s_step);
    }

    public void Report(RunPhase value)
    {
        lock (_gate)
        {
            switch (value.Name)
            {
                case RunPhase.Spawn:
                    _text = "starting the machine";
                    break;
                case RunPhase.Boot:
                    _text = "booting Linux";
                    break;
                case RunPhase.AgentReady:
                    _text = "starting the command";
                    break;
                default:
                    Clear();
                    break;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
            Clear();
        _timer.Dispose();
    }

    private void Draw()
    {
        lock (_gate)
        {
            if (_over)
                return;
            const string Frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
            double seconds = System.Diagnostics.Stopwatch.GetElapsedTime(_start).TotalSeconds;
            _output.Write($"\r{Frames[_frame++ % Frames.Length]} {_text} {seconds.ToString("0.0", CultureInfo.InvariantCulture)} s\x1b[K");
            _shown = true;
        }
    }

    private void Clear()
    {
        _over = true;
        if (!_shown)
            return;
        _shown = false;
        _output.Write("\r\x1b[K");
    }
}
