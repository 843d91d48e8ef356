using System.Buffers.Text;

namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>A host program's first line, <c>CONNECT port\n</c>: Firecracker's convention.</summary>
internal static class ConnectLine
{
    /// <summary>Bytes in which the line must have ended.</summary>
    internal const int MaxLength = 32;

    /// <summary>Reads the line.</summary>
    /// <param name="data">What came in so far.</param>
    /// <param name="port">The guest's port.</param>
    /// <param name="length">Bytes of the line with its end; 0 if more must come.</param>
    /// <returns>False if this is not, and will not become, such a line.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> data, out uint port, out int length)
    {
        port = 0;
        length = 0;
        ReadOnlySpan<byte> word = "CONNECT "u8;
        int end = data.IndexOf((byte)'\n');
        if (end < 0)
        {
            int known = Math.Min(data.Length, word.Length);
            return data.Length < MaxLength && data[..known].SequenceEqual(word[..known]);
        }

        length = end + 1;
        return data.StartsWith(word)
            && Utf8Parser.TryParse(data[word.Length..end], out port, out int used)
            && used == end - word.Length
            && data[word.Length] != (byte)'+';
    }
}
