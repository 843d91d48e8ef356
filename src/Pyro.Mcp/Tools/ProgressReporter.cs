using System.Diagnostics;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Pyro.Mcp.Tools;

/// <summary>
/// Tells a client that asked for it how far a call is: at each phase, and every few seconds while nothing happens.
/// Progress is the time in seconds, which always grows.
/// </summary>
internal sealed class ProgressReporter : IProgress<RunPhase>, IAsyncDisposable
{
    // Of a call that is over at once, nobody wants to be told; clients complain if progress comes in one breath with the result.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_beat = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly McpServer _server;
    private readonly ProgressToken _token;
    private readonly Timer _timer;
    private Task _last = Task.CompletedTask;
    private string _text;
    private double _told;
    private bool _over;

    private ProgressReporter(McpServer server, ProgressToken token, string text)
    {
        _server = server;
        _token = token;
        _text = text;
        _timer = new Timer(_ => Send(null), null, s_patience, s_beat);
    }

    /// <param name="request">The call.</param>
    /// <param name="text">What it is doing until a phase says more.</param>
    /// <returns>Null if the client did not ask for progress.</returns>
    internal static ProgressReporter? For(RequestContext<CallToolRequestParams> request, string text) =>
        request.Params?.ProgressToken is ProgressToken token ? new ProgressReporter(request.Server, token, text) : null;

    public void Report(RunPhase value)
    {
        switch (value.Name)
        {
            case RunPhase.Pull:
                Send("installing the environment");
                break;
            case RunPhase.Prepare:
                Send("making the snapshot that machines start from");
                break;
            case RunPhase.Boot:
                Send("booting Linux");
                break;
            case RunPhase.AgentReady:
                Send("the machine is up");
                break;
            case RunPhase.Exec:
                Send("the command runs");
                break;
        }
    }

    /// <summary>Waits until everything is told, so that no progress follows the result.</summary>
    public async ValueTask DisposeAsync()
    {
        Task last;
        lock (_gate)
        {
            _over = true;
            last = _last;
        }
        await _timer.DisposeAsync().ConfigureAwait(false);
        await last.ConfigureAwait(false);
    }

    private void Send(string? text)
    {
        lock (_gate)
        {
            if (_over)
                return;
            _text = text ?? _text;
            _told = Math.Max(Math.BitIncrement(_told), Math.Round(Stopwatch.GetElapsedTime(_start).TotalSeconds, 3));
            _last = SendAfterAsync(_last, new ProgressNotificationValue { Progress = (float)_told, Message = $"{_text} ({_told:0.0} s)" });
        }
    }

    private async Task SendAfterAsync(Task before, ProgressNotificationValue value)
    {
        await before.ConfigureAwait(false);
        try
        {
            await _server.NotifyProgressAsync(_token, value).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The client is gone; the call's end is somebody else's business.
        }
    }
}
