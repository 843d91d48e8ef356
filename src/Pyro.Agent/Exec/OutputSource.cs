using Pyro.Agent.Native;
using Pyro.Protocol;

namespace Pyro.Agent.Exec;

/// <summary>One output of a command: a pipe's or a terminal's end that is read without blocking.</summary>
internal struct OutputSource(int fd, FrameType type)
{
    public int Fd = fd;
    public int Slot = -1;

    /// <summary>The frame that carries what is read.</summary>
    public FrameType Type { get; } = type;

    /// <summary>Whether a read may find something.</summary>
    public bool Ready { get; set; }

    /// <summary>Bytes that were there when the command ended, and are still to be told.</summary>
    public int Owed { get; set; }

    /// <summary>Whether nothing can come any more.</summary>
    public readonly bool Ended => Fd < 0;

    /// <summary>Reads into the buffer: bytes, 0 where nothing is there now, -1 at the end.</summary>
    public int Read(Span<byte> buffer)
    {
        int count = Sys.Read(Fd, buffer);
        if (count > 0)
        {
            Owed -= count;
            return count;
        }

        Ready = false;
        // A terminal's end that nobody else holds open fails with EIO rather than end.
        return count < 0 && Sys.Errno == Linux.EAGAIN ? 0 : -1;
    }
}
