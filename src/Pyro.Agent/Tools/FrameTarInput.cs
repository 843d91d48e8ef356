using Pyro.Protocol;
using Pyro.Trees.Tar;

namespace Pyro.Agent.Tools;

/// <summary>An archive that comes as frames of data, with <see cref="FrameType.ToolEnd"/> after the last.</summary>
internal sealed class FrameTarInput(ToolStreams streams) : ITarInput
{
    private bool _ended;

    public ReadOnlyMemory<byte> Read()
    {
        while (!_ended)
        {
            ReadOnlyMemory<byte> payload = streams.Read();
            if (streams.Type == FrameType.ToolEnd)
                _ended = true;
            else if (streams.Type != FrameType.ToolData)
                throw streams.Unexpected();
            else if (!payload.IsEmpty)
                return payload;
        }

        return default;
    }
}
