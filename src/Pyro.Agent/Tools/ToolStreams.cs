using Pyro.Agent.Native;
using Pyro.Protocol;
using Pyro.Trees;

namespace Pyro.Agent.Tools;

/// <summary>The frames that a tool reads from its standard input and writes to its standard output; both block.</summary>
internal sealed class ToolStreams(int input, int output)
{
    private readonly byte[] _in = new byte[Wire.HeaderSize + Wire.MaxPayload];
    private readonly byte[] _out = new byte[Wire.HeaderSize + Wire.MaxPayload];
    private int _start;
    private int _end;

    public ToolStreams()
        : this(0, 1)
    {
    }

    /// <summary>The type of the last frame read.</summary>
    public FrameType Type { get; private set; }

    /// <summary>Room for one payload, to be filled and then sent by <see cref="SendBuffer"/>.</summary>
    public Span<byte> Buffer => _out.AsSpan(Wire.HeaderSize);

    /// <summary>Reads the next frame; its payload is valid until the next read.</summary>
    /// <exception cref="TreeException">There is none, or no whole one: nobody is left to work for.</exception>
    public ReadOnlyMemory<byte> Read()
    {
        while (true)
        {
            int needed = Wire.HeaderSize;
            if (FrameHeader.TryRead(_in.AsSpan(_start, _end - _start), out FrameHeader header))
            {
                if (header.Length > Wire.MaxPayload)
                    throw new ProtocolException("a tool takes no requests of that type");
                needed += header.Length;
                if (_end - _start >= needed)
                {
                    Type = header.Type;
                    int at = _start + Wire.HeaderSize;
                    _start += needed;
                    return _in.AsMemory(at, header.Length);
                }
            }

            if (_start > 0 && (_start == _end || _start + needed > _in.Length))
            {
                _in.AsSpan(_start, _end - _start).CopyTo(_in);
                _end -= _start;
                _start = 0;
            }

            int count = Sys.Read(input, _in.AsSpan(_end));
            if (count <= 0)
                throw new TreeException(ToolFailure.BadRequest, "", "the input ended before the request did");
            _end += count;
        }
    }

    /// <summary>Reads the next frame, which must be of the message's type.</summary>
    public T Read<T>()
        where T : IMessage<T>
    {
        ReadOnlyMemory<byte> payload = Read();
        return Type == T.Type ? Frame.Decode<T>(payload.Span) : throw Unexpected();
    }

    public ProtocolException Unexpected() => new($"a frame of type {(byte)Type} came where it makes no sense");

    public void Send<T>(T message)
        where T : IMessage<T>
        => WriteAll(Frame.Encode(message));

    /// <summary>Sends the first bytes of <see cref="Buffer"/>.</summary>
    public void SendBuffer(FrameType type, int length)
    {
        new FrameHeader(type, length).Write(_out);
        WriteAll(_out.AsSpan(0, Wire.HeaderSize + length));
    }

    private void WriteAll(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int count = Sys.Write(output, bytes);
            if (count <= 0)
                throw LinuxException.Last("write", "standard output");
            bytes = bytes[count..];
        }
    }
}
