using System.Text;
using Pyro.Protocol;

namespace Pyro.Workspaces.Files;

/// <summary>What is in a folder.</summary>
/// <param name="Entries">In the order of their paths' bytes, a folder before what is in it.</param>
/// <param name="Truncated">Whether there are more than were asked for.</param>
internal sealed record FileListing(IReadOnlyList<ListedFile> Entries, bool Truncated);

/// <summary>One entry of a listing.</summary>
/// <param name="Path">Below the root. Bytes that are not UTF-8 are shown as U+FFFD: such a file can be worked on by commands only.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Size">Bytes.</param>
/// <param name="ModifiedNanoseconds">The mtime, in nanoseconds since 1970.</param>
/// <param name="LinkTarget">Where a symbolic link leads, or null.</param>
internal sealed record ListedFile(string Path, FileKind Kind, ushort Mode, ulong Size, long ModifiedNanoseconds, string? LinkTarget)
{
    internal static ListedFile From(FileEntry entry) => new(
        Encoding.UTF8.GetString(entry.Path.Span),
        entry.Kind,
        entry.Mode,
        entry.Size,
        entry.ModifiedNanoseconds,
        entry.Kind == FileKind.Link ? Encoding.UTF8.GetString(entry.LinkTarget.Span) : null);
}
