using Pyro.Agent.Native;
using Pyro.Protocol;
using Pyro.Trees;

namespace Pyro.Agent.Tools;

/// <summary>Changes files by a list of operations: all contents are staged and all conditions checked before the first.</summary>
internal sealed class EditTool
{
    private const int MostOperations = 100_000;
    private const ushort NewFileMode = 0x1a4;
    private readonly ToolStreams _streams;
    private readonly WorkRoot _root;
    private readonly Stage _stage;
    private readonly List<StagedEdit> _edits = [];
    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);
    private ulong _bytes;

    private EditTool(ToolStreams streams, WorkRoot root, Stage stage)
    {
        _streams = streams;
        _root = root;
        _stage = stage;
    }

    public static ToolDoneMessage Run(ToolStreams streams, WorkRoot root)
    {
        using Stage stage = Stage.Create(root);
        var tool = new EditTool(streams, root, stage);
        tool.Receive();
        stage.Apply(tool.Apply);
        return new ToolDoneMessage((ulong)tool._edits.Count, tool._bytes, false);
    }

    private void Receive()
    {
        while (true)
        {
            ReadOnlyMemory<byte> payload = _streams.Read();
            if (_streams.Type == FrameType.ToolEnd)
                return;
            if (_streams.Type != FrameType.EditOperation)
                throw _streams.Unexpected();
            if (_edits.Count == MostOperations)
                throw new TreeException(ToolFailure.TooLarge, "", $"a list has at most {MostOperations} operations");

            EditOperation operation = Frame.Decode<EditOperation>(payload.Span);
            var edit = new StagedEdit(operation, Named(operation.Path), operation.Kind == EditKind.Rename ? Named(operation.NewPath) : [0], Sys.Utf8("file" + _edits.Count));
            _edits.Add(edit);
            if (operation.Kind == EditKind.Write)
                ReceiveContent(edit);
        }
    }

    private void ReceiveContent(StagedEdit edit)
    {
        int file = TreeCalls.Open(_stage.Folder, edit.StagedZ, TreeCalls.O_WRONLY | TreeCalls.O_CREAT | TreeCalls.O_EXCL, NewFileMode);
        Check(file, edit.PathZ);
        while (true)
        {
            ReadOnlyMemory<byte> content = _streams.Read();
            if (_streams.Type == FrameType.ToolEnd)
                break;
            if (_streams.Type != FrameType.ToolData)
                throw _streams.Unexpected();
            Check(TreeCalls.WriteAll(file, content.Span), edit.PathZ);
            _bytes += (ulong)content.Length;
        }

        TreeCalls.Close(ref file);
    }

    private void Apply(Journal journal)
    {
        foreach (StagedEdit edit in _edits)
            Check(edit);
        foreach (StagedEdit edit in _edits)
            Do(edit, journal);
    }

    private void Check(StagedEdit edit)
    {
        EditOperation operation = edit.Operation;
        FileStatus? there = StatusOf(edit.PathZ, Follows(operation.Kind));
        switch (operation.Precondition)
        {
            case EditPrecondition.Absent when there is not null:
                throw new TreeException(ToolFailure.Exists, operation.Path, "is already there");
            case EditPrecondition.Same when there is null:
                throw new TreeException(ToolFailure.Changed, operation.Path, "is not there any more");
            case EditPrecondition.Same when there.Value.Version != operation.Version:
                throw new TreeException(ToolFailure.Changed, operation.Path, "was changed since it was read");
        }

        bool mustBe = operation.Kind is EditKind.Delete or EditKind.Rename or EditKind.SetMode;
        if (mustBe && there is null)
            throw TreeException.FromErrno(Errno.ENOENT, operation.Path);
        if (operation.Kind == EditKind.Write && there is { Kind: not FileKind.File } other)
            throw NotAFile(operation.Path, other.Kind);
        if (operation.Kind == EditKind.SetMode && there is { Kind: not (FileKind.File or FileKind.Directory) } special)
            throw NotAFile(operation.Path, special.Kind);
        if (operation.Kind == EditKind.MakeDirectory && there is { Kind: not FileKind.Directory })
            throw TreeException.FromErrno(Errno.ENOTDIR, operation.Path);
        edit.Before = there;
    }

    private void Do(StagedEdit edit, Journal journal)
    {
        EditOperation operation = edit.Operation;
        switch (operation.Kind)
        {
            case EditKind.Write:
                Write(edit, journal);
                break;
            case EditKind.Delete:
                Target(edit.PathZ, follow: false, out int from, out byte[] nameZ);
                journal.Take(from, nameZ, edit.PathZ, [.. "old"u8, .. edit.StagedZ]);
                TreeCalls.Close(ref from);
                break;
            case EditKind.Rename:
                Parents.Make(_root, _stage, journal, edit.NewPathZ);
                Target(edit.PathZ, follow: false, out int old, out byte[] oldNameZ);
                Target(edit.NewPathZ, follow: false, out int target, out byte[] newNameZ);
                journal.Move(old, oldNameZ, edit.PathZ, target, newNameZ, edit.NewPathZ);
                TreeCalls.Close(ref old);
                TreeCalls.Close(ref target);
                if (operation.Mode is { } renamedMode)
                    SetMode(edit.NewPathZ, renamedMode, journal);
                break;
            case EditKind.MakeDirectory when edit.Before is null:
                Parents.Make(_root, _stage, journal, edit.PathZ);
                Parents.MakeOne(_root, _stage, journal, edit.PathZ, operation.Mode ?? 0x1ed);
                break;
            case EditKind.MakeDirectory or EditKind.SetMode when operation.Mode is { } mode:
                SetMode(edit.PathZ, mode, journal);
                break;
        }
    }

    private void Write(StagedEdit edit, Journal journal)
    {
        byte[] path = _root.Resolve(edit.PathZ, follow: true, out int directory, out _);
        TreeCalls.Close(ref directory);
        Parents.Make(_root, _stage, journal, path);
        path = Target(path, follow: true, out directory, out byte[] nameZ);
        KeepAttributes(edit);
        if (edit.Before is not { } before)
        {
            journal.Place(directory, nameZ, path, _stage.Folder, edit.StagedZ, edit.StagedZ);
        }
        else
        {
            journal.Swap(directory, nameZ, path, _stage.Folder, edit.StagedZ, edit.StagedZ);
            // Only now it is certain what was replaced: what it was must be what was checked.
            Check(TreeCalls.Status(_stage.Folder, edit.StagedZ, out FileStatus replaced), path);
            if (replaced.Inode != before.Inode || replaced.Size != before.Size || replaced.ModifiedNanoseconds != before.ModifiedNanoseconds)
                throw new TreeException(ToolFailure.Changed, edit.Operation.Path, "was changed while it was written");
        }

        TreeCalls.Close(ref directory);
    }

    // Owner and mode of what is replaced, and the mode that is asked for.
    private void KeepAttributes(StagedEdit edit)
    {
        ushort mode = edit.Operation.Mode ?? edit.Before?.Mode ?? NewFileMode;
        (uint user, uint group) = edit.Before is { } before ? (before.User, before.Group) : (0, 0);
        Check(TreeCalls.Status(_stage.Folder, edit.StagedZ, out FileStatus staged), edit.PathZ);
        bool owned = edit.Before is null || (staged.User == user && staged.Group == group);
        if (mode == NewFileMode && owned)
            return;

        int file = TreeCalls.Open(_stage.Folder, edit.StagedZ, TreeCalls.O_RDONLY);
        Check(file, edit.PathZ);
        if (!owned)
            Check(TreeCalls.SetOwner(file, user, group), edit.PathZ);
        // After the owner, whose change takes setuid away.
        Check(TreeCalls.SetMode(file, mode), edit.PathZ);
        TreeCalls.Close(ref file);
    }

    private void SetMode(byte[] pathZ, ushort mode, Journal journal)
    {
        byte[] path = Target(pathZ, follow: true, out int directory, out byte[] nameZ);
        int file = TreeCalls.Open(directory, nameZ, TreeCalls.O_RDONLY | TreeCalls.O_NONBLOCK | TreeCalls.O_NOCTTY);
        Check(file, path);
        Check(TreeCalls.Status(file, out FileStatus before), path);
        journal.TellAttributes(path, before);
        Check(TreeCalls.SetMode(file, mode), path);
        TreeCalls.Close(ref file);
        TreeCalls.Close(ref directory);
    }

    // A path one of whose parents is not there, or no directory, has nothing; what comes before it in the list may change that.
    private FileStatus? StatusOf(byte[] pathZ, bool follow)
    {
        try
        {
            _root.Resolve(pathZ, follow, out int directory, out byte[] nameZ);
            if (directory < 0)
                return null;
            int result = TreeCalls.Status(directory, nameZ, out FileStatus status);
            TreeCalls.Close(ref directory);
            if (result == -Errno.ENOENT)
                return null;
            Check(result, pathZ);
            return status;
        }
        catch (TreeException e) when (e.Code == ToolFailure.NotDirectory)
        {
            return null;
        }
    }

    private byte[] Target(byte[] pathZ, bool follow, out int directory, out byte[] nameZ)
    {
        byte[] path = _root.Resolve(pathZ, follow, out directory, out nameZ);
        return directory >= 0 ? path : throw TreeException.FromErrno(Errno.ENOENT, pathZ);
    }

    private byte[] Named(string path)
    {
        byte[] pathZ = WorkRoot.Parse(path);
        if (pathZ.Length == 1)
            throw TreeException.FromErrno(Errno.EISDIR, _root.Path);
        if (pathZ.Length > TreePath.Longest)
            throw TreeException.FromErrno(Errno.ENAMETOOLONG, path[..100] + "...");
        if (!_paths.Add(path))
            throw new TreeException(ToolFailure.BadRequest, path, "is named twice in one list of changes");
        return pathZ;
    }

    private static bool Follows(EditKind kind) => kind is EditKind.Write or EditKind.SetMode;

    private static TreeException NotAFile(string path, FileKind kind) => kind == FileKind.Directory
        ? TreeException.FromErrno(Errno.EISDIR, path)
        : new TreeException(ToolFailure.NotRegular, path, "is no regular file");

    private static void Check(int result, ReadOnlySpan<byte> path)
    {
        if (result < 0)
            throw TreeException.FromErrno(-result, path);
    }
}
