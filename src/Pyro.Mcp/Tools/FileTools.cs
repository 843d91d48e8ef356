using ModelContextProtocol.Protocol;
using Pyro.Json;
using Pyro.Workspaces;

namespace Pyro.Mcp.Tools;

/// <summary>The files of a workspace: in, looked at, changed, compared, out.</summary>
internal static class FileTools
{
    private const int DefaultReadBytes = 64 * 1024;
    private const int MaxReadBytes = 1024 * 1024;

    internal static PyroTool SyncPush() => new()
    {
        Name = "workspace_sync_push",
        Title = "Bring files into a workspace",
        Description =
            "Copies a folder, Git checkout or tar archive from the user's computer into a running workspace: all of it or, if anything is refused, nothing. "
            + "Files of the same name are replaced, others stay. Of a Git checkout, what Git tracks or would add. Use it after the user's files have changed; "
            + "for single files workspace_file_write is simpler.",
        Arguments =
        [
            CommonArguments.WorkspaceId,
            new("source_path", """{ "type": "string", "minLength": 1, "description": "A folder or .tar, .tar.gz, .tgz on the user's computer." }""", isRequired: true),
            new("dest", $$"""{ "type": "string", "description": "The folder in the workspace that it goes to; made if it is not there.", "default": "{{Workspace.Path}}" }"""),
        ],
        Output = "workspace_sync",
        Doing = "copying in",
        IsDestructive = true,
        IsIdempotent = true,
        Work = static async call => ToolCall.Result(
            await call.Client.PushWorkspaceSyncAsync(call.Workspace, call.Arguments.Required("source_path"), call.Arguments.Text("dest") ?? Workspace.Path, call.CancellationToken).ConfigureAwait(false),
            PyroJson.Compact.WorkspaceSync),
    };

    internal static PyroTool List() => new()
    {
        Name = "workspace_file_list",
        Title = "List files of a workspace",
        Description = "Lists a folder of a running workspace with type, permissions, size and time of each entry. truncated says that there are more than fit: list a deeper folder then.",
        Arguments =
        [
            CommonArguments.WorkspaceId,
            CommonArguments.Path("The folder; /workspace if it is not given.", isRequired: false),
            new("recursive", """{ "type": "boolean", "description": "List all folders in it too.", "default": false }"""),
        ],
        Output = "workspace_file_list",
        Doing = "looking",
        IsReadOnly = true,
        Work = static async call => ToolCall.Result(
            await call.Client.ListWorkspaceFilesAsync(call.Workspace, call.Arguments.Text("path") ?? Workspace.Path, call.Arguments.Flag("recursive"), call.CancellationToken).ConfigureAwait(false),
            PyroJson.Compact.WorkspaceFileList),
    };

    internal static PyroTool Read() => new()
    {
        Name = "workspace_file_read",
        Title = "Read a file of a workspace",
        Description =
            "Reads a UTF-8 text file of a running workspace from its beginning. truncated says that the file is longer than max_bytes; for other parts of it use workspace_exec with sed or tail. "
            + "Binary files are refused (not_text): export them, or look at them with workspace_exec.",
        Arguments =
        [
            CommonArguments.WorkspaceId,
            CommonArguments.Path("The file."),
            new("max_bytes", $$"""{ "type": "integer", "description": "The most bytes to read.", "minimum": 1, "maximum": {{MaxReadBytes}}, "default": {{DefaultReadBytes}} }"""),
        ],
        Output = "workspace_file_read",
        Doing = "reading",
        IsReadOnly = true,
        Work = ReadAsync,
    };

    internal static PyroTool Write() => new()
    {
        Name = "workspace_file_write",
        Title = "Write a file of a workspace",
        Description = "Writes a whole text file of a running workspace, or replaces it: folders on the way are made, permissions of what was there are kept. For small changes of large files workspace_patch_apply is better.",
        Arguments =
        [
            CommonArguments.WorkspaceId,
            CommonArguments.Path("The file."),
            new("text", """{ "type": "string", "description": "The whole content." }""", isRequired: true),
        ],
        Output = "workspace_file_write",
        Doing = "writing",
        IsDestructive = true,
        IsIdempotent = true,
        Work = static async call => ToolCall.Result(
            await call.Client.WriteWorkspaceFileAsync(call.Workspace, call.Arguments.Required("path"), call.Arguments.Required("text"), call.CancellationToken).ConfigureAwait(false),
            PyroJson.Compact.WorkspaceFileWritten),
    };

    internal static PyroTool Patch() => new()
    {
        Name = "workspace_patch_apply",
        Title = "Apply a patch in a workspace",
        Description =
            "Applies a unified diff to the files of a running workspace: all of it, or nothing if any hunk does not fit. Takes what git diff and diff -u write, with or without a/ and b/, "
            + "also new, deleted and renamed files; line numbers may be off a little, context lines must fit. An error names file, hunk and reason: read the file and make the patch anew.",
        Arguments =
        [
            CommonArguments.WorkspaceId,
            new("patch", """{ "type": "string", "minLength": 1, "description": "The unified diff, with paths relative to /workspace." }""", isRequired: true),
        ],
        Output = "workspace_patch",
        Doing = "patching",
        IsDestructive = true,
        Work = static async call => ToolCall.Result(
            await call.Client.ApplyWorkspacePatchAsync(call.Workspace, call.Arguments.Required("patch"), call.CancellationToken).ConfigureAwait(false), PyroJson.Compact.WorkspacePatchApplied),
    };

    internal static PyroTool Diff() => new()
    {
        Name = "workspace_diff",
        Title = "Show what changed in a workspace",
        Description =
            "Compares /workspace with how it was created (or last put back to): a list of changed paths, and a patch for git apply with all that is text. "
            + "Binary files, permissions and links are told by their entries. Always against the baseline, however often it is called. Use it to review work, and to hand it to the user.",
        Arguments = [CommonArguments.WorkspaceId],
        Output = "workspace_diff",
        Doing = "comparing",
        IsReadOnly = true,
        Work = static async call => ToolCall.Result(await call.Client.DiffWorkspaceAsync(call.Workspace, call.CancellationToken).ConfigureAwait(false), PyroJson.Compact.WorkspaceDiff),
    };

    internal static PyroTool Export() => new()
    {
        Name = "workspace_export",
        Title = "Copy files out of a workspace",
        Description =
            "Copies one file or folder of a running workspace to the user's computer, whole or not at all, with permissions, times and links. What is there already is not replaced: "
            + "choose another output_path. Use it to hand results to the user.",
        Arguments =
        [
            CommonArguments.WorkspaceId,
            CommonArguments.Path("The file or folder."),
            new("output_path", """{ "type": "string", "minLength": 1, "description": "What it is to be called on the user's computer." }""", isRequired: true),
        ],
        Output = "workspace_export",
        Doing = "copying out",
        Work = static async call => ToolCall.Result(
            await call.Client.ExportWorkspaceAsync(call.Workspace, call.Arguments.Required("path"), call.Arguments.Required("output_path"), overwrite: false, call.CancellationToken).ConfigureAwait(false),
            PyroJson.Compact.WorkspaceExport),
    };

    private static async Task<CallToolResult> ReadAsync(ToolCall call)
    {
        int maxBytes = call.Arguments.Integer("max_bytes", DefaultReadBytes);
        if (maxBytes is < 1 or > MaxReadBytes)
            throw new PyroException(ErrorCodes.InvalidArgument, $"max_bytes is {maxBytes}", $"It is from 1 to {MaxReadBytes}.");
        return ToolCall.Result(
            await call.Client.ReadWorkspaceFileAsync(call.Workspace, call.Arguments.Required("path"), maxBytes, call.CancellationToken).ConfigureAwait(false), PyroJson.Compact.WorkspaceFileContent);
    }
}
