using System.Text;
using System.Text.Unicode;
using Pyro.Protocol;

namespace Pyro.Workspaces.Files;

/// <summary>A file that was read, or the begin of it.</summary>
/// <param name="Path">Below the root; a whole path where there is no such root.</param>
/// <param name="Bytes">Its content, as far as it was asked for.</param>
/// <param name="Version">By what it is known again; its size is the whole file's.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="ModifiedNanoseconds">The mtime, in nanoseconds since 1970.</param>
internal sealed record FileContent(string Path, ReadOnlyMemory<byte> Bytes, FileVersion Version, ushort Mode, long ModifiedNanoseconds)
{
    /// <summary>Whether there is more than was asked for.</summary>
    internal bool Truncated => Version.Size > (ulong)Bytes.Length;

    /// <summary>The content as text; a character that the cut went through is left out.</summary>
    /// <exception cref="PyroException">It is not UTF-8, or holds NUL, which no text does.</exception>
    internal string Text => TryGetText(out string text)
        ? text
        : throw new PyroException(ErrorCodes.NotText, $"{WorkspacePath.Shown(Path.StartsWith('/') ? Path : WorkspacePath.Absolute(Path))} is not UTF-8 text", "Export it, or look at it by a command in the machine (file, xxd).");

    /// <summary>Whether it is text, and the text.</summary>
    internal bool TryGetText(out string text)
    {
        ReadOnlySpan<byte> bytes = Bytes.Span;
        if (Truncated)
            bytes = WithoutCutCharacter(bytes);
        bool isText = Utf8.IsValid(bytes) && !bytes.Contains((byte)0);
        text = isText ? Encoding.UTF8.GetString(bytes) : "";
        return isText;
    }

    private static ReadOnlySpan<byte> WithoutCutCharacter(ReadOnlySpan<byte> bytes)
    {
        for (int back = 1; back <= Math.Min(3, bytes.Length); back++)
        {
            byte b = bytes[^back];
            if ((b & 0xc0) == 0x80)
                continue;
            int length = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : b >= 0xc0 ? 2 : 1;
            return length > back ? bytes[..^back] : bytes;
        }

        return bytes;
    }
}
