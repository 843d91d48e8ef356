using Pyro.Protocol;
using Pyro.Trees.Tar;

namespace Pyro.Agent.Tools;

/// <summary>An archive that goes as frames of data.</summary>
internal sealed class FrameTarOutput(ToolStreams streams) : ITarOutput
{
    private int _filled;

    public Span<byte> Space => streams.Buffer[_filled..];

    public void Advance(int count)
    {
        _filled += count;
        if (_filled == streams.Buffer.Length)
            Flush();
    }

    public void Flush()
    {
        if (_filled > 0)
            streams.SendBuffer(FrameType.ToolData, _filled);
        _filled = 0;
    }
}
