using System.Globalization;
using System.Text;
using Pyro.Protocol;
using Pyro.Trees;
using Pyro.Workspaces.Diffs;
using Pyro.Workspaces.Files;
using Pyro.Workspaces.Patches;

namespace Pyro.Workspaces.Engine;

/// <summary>Files of running workspaces: looked at, changed, brought in and out, compared with the baseline.</summary>
internal sealed class WorkspaceFileWork(PyroPaths paths)
{
    /// <summary>The most entries of a listing.</summary>
    internal const int MostListed = 10_000;

    private const int MostPatchedBytes = 16 << 20;
    private const string RootDevice = "/dev/vda", BaselineDevice = "/dev/vdb";

    private readonly WorkspaceMachines _machines = new(paths);

    internal async Task<WorkspaceFileList> ListAsync(WorkspaceFolder folder, string path, bool recursive, CancellationToken cancellationToken)
    {
        FileListing listing = await FilesOf(folder).ListAsync(path, recursive, MostListed, cancellationToken).ConfigureAwait(false);
        return new WorkspaceFileList(folder.Id, Whole(path), [.. listing.Entries.Select(EntryOf)], listing.Truncated);
    }

    internal async Task<WorkspaceFileContent> ReadAsync(WorkspaceFolder folder, string path, int maxBytes, CancellationToken cancellationToken)
    {
        RequireMaxBytes(maxBytes);
        FileContent file = await FilesOf(folder).ReadAsync(path, maxBytes, cancellationToken).ConfigureAwait(false);
        return new WorkspaceFileContent(folder.Id, Whole(path), file.Version.Size, file.Text, file.Truncated);
    }

    internal async Task<WorkspaceFileWritten> WriteAsync(WorkspaceFolder folder, string path, string text, CancellationToken cancellationToken)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        await FilesOf(folder).WriteAsync(path, bytes, cancellationToken).ConfigureAwait(false);
        Note(folder, History.FileWrite, Whole(path));
        return new WorkspaceFileWritten(folder.Id, Whole(path), bytes.Length);
    }

    internal async Task<WorkspaceSync> PushAsync(WorkspaceFolder folder, string source, string destination, CancellationToken cancellationToken)
    {
        TransferResult pushed = await FilesOf(folder).PushAsync(source, destination, cancellationToken).ConfigureAwait(false);
        Note(folder, History.Sync, Path.GetFullPath(source), Whole(destination));
        return new WorkspaceSync(folder.Id, Path.GetFullPath(source), Whole(destination), pushed.Origin, pushed.Entries, pushed.Bytes);
    }

    internal async Task<WorkspaceExport> ExportAsync(WorkspaceFolder folder, string path, string output, bool overwrite, CancellationToken cancellationToken)
    {
        TransferResult exported = await FilesOf(folder).ExportAsync(path, output, overwrite, cancellationToken).ConfigureAwait(false);
        Note(folder, History.Export, Whole(path), Path.GetFullPath(output));
        return new WorkspaceExport(folder.Id, Whole(path), Path.GetFullPath(output), exported.Origin, exported.Entries, exported.Bytes);
    }

    internal async Task<WorkspaceDiff> DiffAsync(WorkspaceFolder folder, CancellationToken cancellationToken)
    {
        string vsock = Running(folder);
        var limits = new DiffLimits();
        await using GuestTool tool = await GuestTool.StartAsync(
            token => GuestConnection.ConnectAsync(vsock, cancellationToken: token), ToolNames.Changes, Workspace.Path, ErrorCodes.DiffFailed, cancellationToken).ConfigureAwait(false);
        await tool.Stream.WriteAsync(limits.Request(RootDevice, BaselineDevice), cancellationToken).ConfigureAwait(false);
        ToolFrame? last = null;
        try
        {
            (IReadOnlyList<PathChange> changes, bool truncated) = await new ChangesReader(NextAsync, limits).ReadAsync(cancellationToken).ConfigureAwait(false);
            return DiffBuilder.Build(folder.Id, changes, truncated, limits);
        }
        catch (ProtocolException e)
        {
            throw new PyroException(ErrorCodes.DiffFailed, $"the guest's tool told what it may not: {e.Message}", "Reset the workspace; something in the machine works against it.", e);
        }
        finally
        {
            last?.Dispose();
        }

        async ValueTask<(FrameType Type, ReadOnlyMemory<byte> Payload)> NextAsync(CancellationToken token)
        {
            last?.Dispose();
            last = await tool.ReadAnyAsync(token).ConfigureAwait(false);
            return (last.Value.Type, last.Value.Payload);
        }
    }

    internal async Task<WorkspacePatchApplied> PatchAsync(WorkspaceFolder folder, string patch, CancellationToken cancellationToken)
    {
        IReadOnlyList<FilePatch> parsed = PatchParser.Parse(patch);
        GuestFiles files = FilesOf(folder);
        IReadOnlyList<string> named = PatchApplier.PathsOf(parsed);
        IReadOnlyList<FileReading> read = await files.ReadAsync(named, MostPatchedBytes, cancellationToken).ConfigureAwait(false);
        var now = new Dictionary<string, FileReading>(StringComparer.Ordinal);
        for (int i = 0; i < named.Count; i++)
            now[named[i]] = read[i];

        IReadOnlyList<PatchEdit> edits = PatchApplier.Apply(parsed, path => StateOf(now[path]));
        await files.EditAsync(PatchEdits.ToOperations(edits, path => now[path].Content), cancellationToken).ConfigureAwait(false);
        foreach (string path in edits.Select(static edit => edit.Path).Distinct(StringComparer.Ordinal))
            Note(folder, History.Patch, WorkspacePath.Absolute(path));
        return new WorkspacePatchApplied(folder.Id, [.. PatchEdits.Describe(edits, path => now.TryGetValue(path, out FileReading? was) && was.Content is not null)]);
    }

    private static FileState? StateOf(FileReading reading)
    {
        if (reading.Content is { } file)
            return new FileState(EntryKind.File, file.Mode, (long)file.Version.Size, file.Truncated ? null : file.Bytes);
        return reading.Failure!.Code switch
        {
            ErrorCodes.NotFound or ErrorCodes.NotDirectory => null,
            ErrorCodes.IsDirectory => new FileState(EntryKind.Directory, 0, 0, null),
            ErrorCodes.NotRegular => new FileState(EntryKind.Special, 0, 0, null),
            _ => throw reading.Failure,
        };
    }

    /// <exception cref="PyroException">It is less than one, or more than is read at once.</exception>
    internal static void RequireMaxBytes(int maxBytes)
    {
        if (maxBytes is < 1 or > MostPatchedBytes)
            throw new PyroException(ErrorCodes.InvalidArgument, $"max_bytes is {maxBytes}", $"Choose 1 to {MostPatchedBytes}; export what is larger.");
    }

    /// <summary>An entry of a listing, as users are told of it.</summary>
    internal static WorkspaceFileEntry EntryOf(string path, FileKind kind, ushort mode, ulong size, DateTimeOffset modifiedAt, string? linkTarget) => new(
        path,
        kind switch
        {
            FileKind.File => EntryKind.File,
            FileKind.Directory => EntryKind.Directory,
            FileKind.Link => EntryKind.Symlink,
            _ => EntryKind.Special,
        },
        Convert.ToString(mode, 8).PadLeft(4, '0'),
        size,
        modifiedAt,
        linkTarget);

    private static WorkspaceFileEntry EntryOf(ListedFile file) => EntryOf(
        WorkspacePath.Absolute(file.Path), file.Kind, file.Mode, file.Size, DateTimeOffset.UnixEpoch.AddTicks(file.ModifiedNanoseconds / 100), file.LinkTarget);

    private GuestFiles FilesOf(WorkspaceFolder folder) => new(Running(folder));

    private string Running(WorkspaceFolder folder)
    {
        WorkspaceRecord record = folder.Load();
        WorkspaceCommands.RequireRunning(folder, record);
        return _machines.VsockPath(record);
    }

    private static void Note(WorkspaceFolder folder, string kind, string subject, string? target = null) =>
        new History(folder).Add(new HistoryEntry { Kind = kind, At = WorkspaceCreation.Now(), Subject = subject, Target = target });

    private static string Whole(string path) => WorkspacePath.Absolute(WorkspacePath.Relative(path));
}
