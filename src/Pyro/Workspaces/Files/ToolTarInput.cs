using Pyro.Protocol;
using Pyro.Trees.Tar;

namespace Pyro.Workspaces.Files;

/// <summary>The archive that a guest tool sends, for a thread that may wait.</summary>
internal sealed class ToolTarInput(GuestTool tool, CancellationToken cancellationToken) : ITarInput, IDisposable
{
    private ToolFrame? _frame;
    private bool _ended;

    public ReadOnlyMemory<byte> Read()
    {
        while (!_ended)
        {
            _frame?.Dispose();
            _frame = null;
            ToolFrame frame = tool.ReadAsync(FrameType.ToolData, FrameType.ToolEnd, cancellationToken).GetAwaiter().GetResult();
            _frame = frame;
            _ended = frame.Type == FrameType.ToolEnd;
            if (!_ended && !frame.Payload.IsEmpty)
                return frame.Payload;
        }

        return default;
    }

    public void Dispose()
    {
        _frame?.Dispose();
        _frame = null;
    }
}
