using System.Text.Unicode;

namespace Pyro.Workspaces.Patches;

/// <summary>What a path names at one moment.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Its permissions, the lowest twelve bits of st_mode.</param>
/// <param name="Size">Bytes of a file, or of a link's target.</param>
/// <param name="Content">The bytes of a file, or a link's target; null where it is neither, or was too large to be read.</param>
internal sealed record FileState(EntryKind Kind, int Mode, long Size, ReadOnlyMemory<byte>? Content)
{
    /// <summary>Modes in patches are st_mode, type and all (git's 100644, 120000).</summary>
    internal int GitMode => (Kind == EntryKind.Symlink ? 0xa000 : 0x8000) | (Kind == EntryKind.Symlink ? 0 : Mode);

    /// <summary>Whether it is a file or a link that patches can tell: known content that is UTF-8 and has no NUL.</summary>
    internal bool IsText => Kind is EntryKind.File or EntryKind.Symlink && Content is { } content && IsTextual(content.Span);

    internal static FileState OfFile(ReadOnlyMemory<byte> content, int mode = 0x1a4) => new(EntryKind.File, mode, content.Length, content);

    internal static FileState OfLink(ReadOnlyMemory<byte> target) => new(EntryKind.Symlink, 0x1ff, target.Length, target);

    internal static bool IsTextual(ReadOnlySpan<byte> content) => !content.Contains((byte)0) && Utf8.IsValid(content);
}
