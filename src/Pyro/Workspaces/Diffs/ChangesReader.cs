using System.Text;
using System.Text.Unicode;
using Pyro.Protocol;
using Pyro.Workspaces.Patches;

namespace Pyro.Workspaces.Diffs;

/// <summary>
/// Reads what the guest's tool <c>changes</c> tells. The guest is hostile: frames come in order or not at all, and no count,
/// length or path is taken on trust.
/// </summary>
/// <param name="next">Gives the next frame; its payload is valid until the next call.</param>
/// <param name="limits">What was asked for, and so the most that is taken.</param>
internal sealed class ChangesReader(Func<CancellationToken, ValueTask<(FrameType Type, ReadOnlyMemory<byte> Payload)>> next, DiffLimits limits)
{
    private readonly List<PathChange> _changes = [];
    private readonly HashSet<string> _oldPaths = new(StringComparer.Ordinal);
    private readonly HashSet<string> _newPaths = new(StringComparer.Ordinal);
    private long _contentLeft = limits.ContentBytes;

    /// <summary>Why the guest walked both trees in full, or empty; known once reading has begun.</summary>
    internal string FullWalk { get; private set; } = "";

    /// <summary>Reads to the end.</summary>
    /// <returns>The changes, and whether there are more than were told.</returns>
    /// <exception cref="ProtocolException">The tool said what it may not say.</exception>
    /// <exception cref="PyroException">The tool failed.</exception>
    internal async Task<(IReadOnlyList<PathChange> Changes, bool Truncated)> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            (FrameType type, ReadOnlyMemory<byte> payload) = await next(cancellationToken).ConfigureAwait(false);
            switch (type)
            {
                case FrameType.ChangesFound:
                    FullWalk = Excerpt.Of(Frame.Decode<ChangesFoundMessage>(payload.Span).FullWalk);
                    break;
                case FrameType.TreeChange:
                    await ReadChangeAsync(Frame.Decode<TreeChangeMessage>(payload.Span), cancellationToken).ConfigureAwait(false);
                    break;
                case FrameType.ToolDone:
                    return (_changes, Frame.Decode<ToolDoneMessage>(payload.Span).Truncated);
                case FrameType.ToolFailed:
                    ToolFailedMessage failed = Frame.Decode<ToolFailedMessage>(payload.Span);
                    throw new PyroException(
                        ErrorCodes.DiffFailed,
                        $"the changes cannot be told: {Excerpt.Of(failed.Path)}: {Excerpt.Of(failed.Message)}",
                        "Look at the workspace's disk; a reset to the baseline makes it anew.");
                default:
                    throw new ProtocolException($"a frame of type {(byte)type} came among changes");
            }
        }
    }

    private async Task ReadChangeAsync(TreeChangeMessage change, CancellationToken cancellationToken)
    {
        if (_changes.Count >= limits.Entries)
            throw new ProtocolException("more changes than were asked for");
        bool moved = !change.OldPath.IsEmpty;
        FileState? old = await ReadSideAsync(change.Old, cancellationToken).ConfigureAwait(false);
        FileState? @new = await ReadSideAsync(change.New, cancellationToken).ConfigureAwait(false);
        if ((old is null && @new is null) || (moved && (old is null || @new is null || old.Content is not null || @new.Content is not null || old.Kind != @new.Kind || old.Size != @new.Size)))
            throw new ProtocolException("a change that makes no sense");

        string path = PathOf(change.Path.Span, out bool named);
        bool oldNamed = named;
        string oldPath = moved ? PathOf(change.OldPath.Span, out oldNamed) : path;
        if ((old is not null && !_oldPaths.Add(oldPath)) || (@new is not null && !_newPaths.Add(path)))
            throw new ProtocolException("a path changed twice");
        _changes.Add(new PathChange(path, named && oldNamed, moved ? oldPath : null, old, @new));
    }

    private async Task<FileState?> ReadSideAsync(TreeSide side, CancellationToken cancellationToken)
    {
        EntryKind? kind = side.Kind switch
        {
            FileKind.Unknown => null,
            FileKind.File => EntryKind.File,
            FileKind.Directory => EntryKind.Directory,
            FileKind.Link => EntryKind.Symlink,
            _ => EntryKind.Special,
        };
        if (side.HasContent && kind is not (EntryKind.File or EntryKind.Symlink))
            throw new ProtocolException("content of what has none");
        if (kind is null)
            return null;
        // Not a conditional expression: a null array would become an empty content.
        ReadOnlyMemory<byte>? content = null;
        if (side.HasContent)
            content = await ReadContentAsync(cancellationToken).ConfigureAwait(false);
        return new FileState(kind.Value, side.Mode, content?.Length ?? (long)Math.Min(side.Size, long.MaxValue), content);
    }

    private async Task<byte[]> ReadContentAsync(CancellationToken cancellationToken)
    {
        var content = new MemoryStream();
        while (true)
        {
            (FrameType type, ReadOnlyMemory<byte> payload) = await next(cancellationToken).ConfigureAwait(false);
            if (type == FrameType.ToolEnd)
                return content.ToArray();
            if (type != FrameType.ToolData || payload.IsEmpty)
                throw new ProtocolException($"a frame of type {(byte)type} came within content");
            _contentLeft -= payload.Length;
            if (content.Length + payload.Length > limits.FileBytes || _contentLeft < 0)
                throw new ProtocolException("more content than was asked for");
            content.Write(payload.Span);
        }
    }

    private static string PathOf(ReadOnlySpan<byte> bytes, out bool named)
    {
        named = Utf8.IsValid(bytes);
        string path = named ? Encoding.UTF8.GetString(bytes) : QuotedName.OfBytes(bytes);
        return bytes.Length > 0 && bytes[0] != '/' && PatchPath.TryNormalize(path, out string normal) && normal == path
            ? path
            : throw new ProtocolException("a path that there cannot be");
    }
}
