using Pyro.Protocol;
using Pyro.Workspaces.Files;

namespace Pyro.Workspaces.Patches;

/// <summary>What a patch comes to, as the guest's tool <c>edit</c> does it: nothing that changed since it was read is touched.</summary>
internal static class PatchEdits
{
    /// <summary>The operations, no two of which name the same path.</summary>
    /// <param name="edits">The changes.</param>
    /// <param name="read">What a path held when it was read, or null.</param>
    /// <exception cref="PyroException">One makes a link.</exception>
    internal static IReadOnlyList<FileEdit> ToOperations(IReadOnlyList<PatchEdit> edits, Func<string, FileContent?> read)
    {
        var operations = new List<FileEdit>(edits.Count);
        HashSet<string> changedAgain = [.. edits.Where(static e => e is PatchEdit.Write or PatchEdit.SetMode).Select(static e => e.Path)];
        Dictionary<string, string> renames = edits.OfType<PatchEdit.Rename>().ToDictionary(static r => r.To, static r => r.Path, StringComparer.Ordinal);
        foreach (PatchEdit edit in edits)
        {
            switch (edit)
            {
                case PatchEdit.Delete:
                    operations.Add(Of(EditKind.Delete, edit.Path, read));
                    break;
                case PatchEdit.Rename rename when changedAgain.Contains(rename.To):
                    operations.Add(Of(EditKind.Delete, rename.Path, read)); // its new content is written below
                    break;
                case PatchEdit.Rename rename:
                    operations.Add(new FileEdit(Of(EditKind.Rename, rename.Path, read).Operation with { NewPath = rename.To }));
                    break;
                case PatchEdit.Write { State.Kind: EntryKind.Symlink }:
                    throw PatchErrors.Rejected([new PatchRejection(edit.Path, 0, "it is to become a symbolic link, which patches do not make here: use ln -s by a command")]);
                case PatchEdit.Write write:
                    operations.Add(new FileEdit(Of(EditKind.Write, write.Path, read).Operation with { Mode = (ushort)write.State.Mode }, write.State.Content!.Value));
                    break;
                case PatchEdit.SetMode set when renames.TryGetValue(set.Path, out string? from):
                    operations.Add(new FileEdit(Of(EditKind.Write, set.Path, read).Operation with { Mode = (ushort)set.Mode }, read(from)!.Bytes));
                    break;
                case PatchEdit.SetMode set:
                    operations.Add(new FileEdit(Of(EditKind.SetMode, set.Path, read).Operation with { Mode = (ushort)set.Mode }));
                    break;
            }
        }

        return operations;
    }

    /// <summary>The changes as users are told of them: one for each path.</summary>
    /// <param name="edits">The changes.</param>
    /// <param name="was">Whether a path was there before.</param>
    internal static IEnumerable<PatchedPath> Describe(IReadOnlyList<PatchEdit> edits, Func<string, bool> was)
    {
        Dictionary<string, string> renames = edits.OfType<PatchEdit.Rename>().ToDictionary(static r => r.To, static r => r.Path, StringComparer.Ordinal);
        foreach (PatchEdit edit in edits)
        {
            switch (edit)
            {
                case PatchEdit.Delete:
                    yield return new PatchedPath(edit.Path, DiffStatus.Deleted);
                    break;
                case PatchEdit.Rename rename:
                    yield return new PatchedPath(rename.To, DiffStatus.Renamed, rename.Path);
                    break;
                default:
                    if (!renames.ContainsKey(edit.Path))
                        yield return new PatchedPath(edit.Path, was(edit.Path) ? DiffStatus.Modified : DiffStatus.Added);
                    break;
            }
        }
    }

    private static FileEdit Of(EditKind kind, string path, Func<string, FileContent?> read) => read(path) is { } file
        ? new FileEdit(new EditOperation { Kind = kind, Path = path, Precondition = EditPrecondition.Same, Version = file.Version })
        : new FileEdit(new EditOperation { Kind = kind, Path = path, Precondition = EditPrecondition.Absent });
}
