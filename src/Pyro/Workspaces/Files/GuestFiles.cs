using Pyro.Protocol;

namespace Pyro.Workspaces.Files;

/// <summary>The files of a workspace, by the tools of its guest's agent. Each call is a process in the guest; many may run at once.</summary>
internal sealed class GuestFiles
{
    private readonly Func<CancellationToken, Task<GuestConnection>> _connect;
    private readonly string _root;

    /// <summary>For the machine that a connection leads to.</summary>
    /// <param name="connect">Makes a new connection to the guest's agent.</param>
    /// <param name="root">The folder in the guest that all paths are below.</param>
    internal GuestFiles(Func<CancellationToken, Task<GuestConnection>> connect, string root = WorkspacePath.Root)
    {
        _connect = connect;
        _root = root;
    }

    /// <summary>For the machine of a vsock socket.</summary>
    internal GuestFiles(string vsockPath)
        : this(token => GuestConnection.ConnectAsync(vsockPath, cancellationToken: token))
    {
    }

    /// <summary>Lists a folder, or tells of one file.</summary>
    /// <param name="path">As users write it.</param>
    /// <param name="recursive">Folders in it too.</param>
    /// <param name="limit">The most entries to tell.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="PyroException">There is nothing of this name, or it leads out of the workspace.</exception>
    internal async Task<FileListing> ListAsync(string path, bool recursive, int limit, CancellationToken cancellationToken = default)
    {
        var entries = new List<ListedFile>();
        await using GuestTool tool = await StartAsync(ToolNames.List, cancellationToken).ConfigureAwait(false);
        await tool.Stream.WriteAsync(new ListFilesRequest(WorkspacePath.Relative(path), recursive, (uint)limit), cancellationToken).ConfigureAwait(false);
        while (true)
        {
            using ToolFrame frame = await tool.ReadAsync(FrameType.FileEntries, FrameType.ToolDone, cancellationToken).ConfigureAwait(false);
            if (frame.Type == FrameType.ToolDone)
                return new FileListing(entries, Frame.Decode<ToolDoneMessage>(frame.Payload.Span).Truncated);
            foreach (FileEntry entry in Frame.Decode<FileEntriesMessage>(frame.Payload.Span).Entries)
            {
                if (entries.Count < limit)
                    entries.Add(ListedFile.From(entry));
            }
        }
    }

    /// <summary>Reads a regular file, at most so many bytes of it.</summary>
    /// <exception cref="PyroException">It cannot be read.</exception>
    internal async Task<FileContent> ReadAsync(string path, int maxBytes, CancellationToken cancellationToken = default)
    {
        FileReading reading = (await ReadAsync([path], maxBytes, cancellationToken).ConfigureAwait(false))[0];
        return reading.Content ?? throw reading.Failure!;
    }

    /// <summary>Reads several files, at most so many bytes of each.</summary>
    /// <returns>What became of each, in their order.</returns>
    internal async Task<IReadOnlyList<FileReading>> ReadAsync(IReadOnlyList<string> paths, int maxBytes, CancellationToken cancellationToken = default)
    {
        string[] relative = [.. paths.Select(WorkspacePath.Relative)];
        var readings = new List<FileReading>(paths.Count);
        await using GuestTool tool = await StartAsync(ToolNames.Read, cancellationToken).ConfigureAwait(false);
        await tool.Stream.WriteAsync(new ReadFilesRequest(relative, (ulong)maxBytes), cancellationToken).ConfigureAwait(false);
        foreach (string path in relative)
            readings.Add(await ReadOneAsync(tool, path, maxBytes, cancellationToken).ConfigureAwait(false));
        await tool.DoneAsync(cancellationToken).ConfigureAwait(false);
        return readings;
    }

    /// <summary>Writes a file, whole: its parents are made, and mode and owner of what was there are kept.</summary>
    /// <exception cref="PyroException">It cannot be written; nothing was changed.</exception>
    internal Task<TransferResult> WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
        => EditAsync([new FileEdit(new EditOperation { Kind = EditKind.Write, Path = path }, content)], cancellationToken);

    /// <summary>Makes a list of changes, in their order: all of them or none.</summary>
    /// <exception cref="PyroException">One cannot be made or its condition does not hold; nothing was changed.</exception>
    internal async Task<TransferResult> EditAsync(IReadOnlyList<FileEdit> edits, CancellationToken cancellationToken = default)
    {
        EditOperation[] operations =
        [
            .. edits.Select(edit => edit.Operation with
            {
                Path = WorkspacePath.Relative(edit.Operation.Path),
                NewPath = edit.Operation.Kind == EditKind.Rename ? WorkspacePath.Relative(edit.Operation.NewPath) : "",
            }),
        ];
        await using GuestTool tool = await StartAsync(ToolNames.Edit, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < edits.Count; i++)
        {
            if (!await tool.Stream.WriteAsync(operations[i], cancellationToken).ConfigureAwait(false))
                break;
            if (operations[i].Kind == EditKind.Write)
            {
                await tool.Stream.WriteDataAsync(edits[i].Content, cancellationToken).ConfigureAwait(false);
                await tool.Stream.WriteEndAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        await tool.Stream.WriteEndAsync(cancellationToken).ConfigureAwait(false);
        ToolDoneMessage done = await tool.DoneAsync(cancellationToken).ConfigureAwait(false);
        return new TransferResult(done.Entries, done.Bytes, "edit");
    }

    /// <summary>Brings a folder, a Git checkout or a tar archive into the workspace: all of it or nothing. What it does not have stays.</summary>
    /// <param name="source">A path on the host.</param>
    /// <param name="destination">A folder in the workspace, made if it is not there.</param>
    /// <param name="cancellationToken">Ends the work; nothing was changed then.</param>
    /// <exception cref="PyroException">The source holds what is refused, or the guest cannot take it; nothing was changed.</exception>
    internal async Task<TransferResult> PushAsync(string source, string destination, CancellationToken cancellationToken = default)
    {
        WorkspacePath.Relative(destination);
        return await PushAsync(await PushSource.OpenAsync(source, cancellationToken).ConfigureAwait(false), destination, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The same of a source that was opened before.</summary>
    internal async Task<TransferResult> PushAsync(PushSource source, string destination, CancellationToken cancellationToken = default)
    {
        string below = WorkspacePath.Relative(destination);
        await using GuestTool tool = await StartAsync(ToolNames.TarIn, cancellationToken).ConfigureAwait(false);
        await tool.Stream.WriteAsync(new ReceiveTreeRequest(below), cancellationToken).ConfigureAwait(false);
        try
        {
            // Whole or not at all: without its end the tool does nothing.
            await TarSending.SendAsync(source, tool.Stream, cancellationToken).ConfigureAwait(false);
        }
        catch (PyroException)
        {
            await tool.AbandonAsync(cancellationToken).ConfigureAwait(false);
            throw;
        }

        ToolDoneMessage done = await tool.DoneAsync(cancellationToken).ConfigureAwait(false);
        return new TransferResult(done.Entries, done.Bytes, source.Origin);
    }

    /// <summary>Copies a file or a folder out of the workspace, links as links: whole or not at all.</summary>
    /// <param name="path">In the workspace; a link there to something inside is followed.</param>
    /// <param name="output">What it is to be called on the host.</param>
    /// <param name="overwrite">Put it in the place of what is there.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="PyroException">It cannot be read or written; nothing was.</exception>
    internal async Task<TransferResult> ExportAsync(string path, string output, bool overwrite, CancellationToken cancellationToken = default)
    {
        string below = WorkspacePath.Relative(path);
        using var target = ExportTarget.Create(output, overwrite);
        await using GuestTool tool = await GuestTool.StartAsync(_connect, ToolNames.TarOut, _root, ErrorCodes.ExportRefused, cancellationToken).ConfigureAwait(false);
        await tool.Stream.WriteAsync(new SendTreeRequest(below), cancellationToken).ConfigureAwait(false);
        // A thread of its own: the archive is read by calls that wait.
        TransferResult result = await Task.Factory.StartNew(() => target.Receive(tool, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        await tool.DoneAsync(cancellationToken).ConfigureAwait(false);
        target.Commit();
        return result;
    }

    private Task<GuestTool> StartAsync(string tool, CancellationToken cancellationToken)
        => GuestTool.StartAsync(_connect, tool, _root, ErrorCodes.SyncRefused, cancellationToken);

    private static async Task<FileReading> ReadOneAsync(GuestTool tool, string path, int maxBytes, CancellationToken cancellationToken)
    {
        FileContentMessage head;
        using (ToolFrame frame = await tool.ReadAnyAsync(cancellationToken).ConfigureAwait(false))
        {
            if (frame.Type == FrameType.ToolFailed)
                return new FileReading(null, FileFailure.From(Frame.Decode<ToolFailedMessage>(frame.Payload.Span)));
            if (frame.Type != FrameType.FileContent)
                throw new PyroException(ErrorCodes.AgentFailed, "the guest's tool answered something else than it was asked", "Build the agent and pyro together: ./build.sh");
            head = Frame.Decode<FileContentMessage>(frame.Payload.Span);
        }

        // What the guest says of the size is no reason to take so much memory before it comes.
        using var bytes = new MemoryStream((int)Math.Min(head.Version.Size, (ulong)Math.Min(maxBytes, Wire.MaxPayload)));
        while (true)
        {
            using ToolFrame frame = await tool.ReadAnyAsync(cancellationToken).ConfigureAwait(false);
            switch (frame.Type)
            {
                case FrameType.ToolEnd:
                    return new FileReading(new FileContent(path, bytes.GetBuffer().AsMemory(0, (int)bytes.Length), head.Version, head.Mode, head.ModifiedNanoseconds), null);
                case FrameType.ToolFailed:
                    return new FileReading(null, FileFailure.From(Frame.Decode<ToolFailedMessage>(frame.Payload.Span)));
                case FrameType.ToolData when frame.Payload.Length <= maxBytes - bytes.Length:
                    bytes.Write(frame.Payload.Span);
                    break;
                default:
                    throw new PyroException(ErrorCodes.AgentFailed, "the guest's tool sent more than it was asked for", "Build the agent and pyro together: ./build.sh");
            }
        }
    }
}
