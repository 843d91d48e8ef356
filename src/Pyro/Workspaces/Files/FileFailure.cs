using Pyro.Protocol;
using Pyro.Trees;

namespace Pyro.Workspaces.Files;

/// <summary>What went wrong with files, as users are told of it.</summary>
internal static class FileFailure
{
    /// <summary>What a guest tool said.</summary>
    /// <param name="failed">Its words.</param>
    /// <param name="refused">The code for an entry that is not taken: <see cref="ErrorCodes.SyncRefused"/> or <see cref="ErrorCodes.ExportRefused"/>.</param>
    internal static PyroException From(ToolFailedMessage failed, string refused = ErrorCodes.SyncRefused)
    {
        string path = failed.Path.StartsWith('/') ? failed.Path : WorkspacePath.Absolute(failed.Path);
        return Translate(failed.Code, WorkspacePath.Shown(path), WorkspacePath.Shown(failed.Message), refused);
    }

    /// <summary>The same of a tree on the host.</summary>
    internal static PyroException From(TreeException e, string refused)
        => Translate(e.Code, WorkspacePath.Shown(e.Path), WorkspacePath.Shown(e.Message), refused);

    private static PyroException Translate(string code, string path, string reason, string refused)
    {
        string message = $"{path} {reason}";
        return code switch
        {
            ToolFailure.OutsideRoot => new(ErrorCodes.PathOutsideWorkspace, message, "Links are followed only as long as they stay inside /workspace."),
            ToolFailure.NotFound => new(ErrorCodes.NotFound, message, "List the folder to see what is there."),
            ToolFailure.IsDirectory => new(ErrorCodes.IsDirectory, message, "Name a file; a folder can be listed or exported."),
            ToolFailure.NotDirectory => new(ErrorCodes.NotDirectory, message, "Name a folder, or remove what is in its place."),
            ToolFailure.NotRegular => new(ErrorCodes.NotRegular, message, "Name a regular file or a folder."),
            ToolFailure.Exists => new(ErrorCodes.Exists, message, "Choose another name, or remove it first."),
            ToolFailure.Changed => new(ErrorCodes.FileChanged, message, "Something in the machine works on it; do it again from a fresh state."),
            ToolFailure.TooLarge => new(ErrorCodes.TooLarge, message, "Do it in smaller parts."),
            ToolFailure.NoSpace => new(ErrorCodes.DiskFull, message, "Remove files in the workspace, or create one with a larger disk. Nothing was changed."),
            ToolFailure.EntryRefused => new(refused, message, "Leave it out, or make it something that stays inside. Nothing was changed."),
            ToolFailure.ArchiveDamaged => new(refused, reason, "Make the archive again. Nothing was changed."),
            ToolFailure.BadRequest => new(ErrorCodes.InvalidArgument, path.Length > 0 ? message : reason, "Correct the request. Nothing was changed."),
            _ => new(ErrorCodes.FileFailed, message, "Look at the machine: pyro workspace exec ID -- df -h /workspace"),
        };
    }
}
