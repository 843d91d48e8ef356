using Pyro.Protocol;
using Pyro.Trees;

namespace Pyro.Agent.Tools;

/// <summary>Lists a directory, depth first in the order of names' bytes, or tells of one file.</summary>
internal sealed class ListTool
{
    private const int MaxDepth = 1000;
    private readonly ToolStreams _streams;
    private readonly ListFilesRequest _request;
    private readonly List<FileEntry> _waiting = [];
    private readonly byte[] _link = new byte[FileEntry.MaxPath];
    private int _waitingSize = sizeof(uint);
    private ulong _told;
    private bool _truncated;

    private ListTool(ToolStreams streams, ListFilesRequest request)
    {
        _streams = streams;
        _request = request;
    }

    public static ToolDoneMessage Run(ToolStreams streams, WorkRoot root)
    {
        ListFilesRequest request = streams.Read<ListFilesRequest>();
        Stage.Recover(root);
        var tool = new ListTool(streams, request);
        byte[] path = WorkRoot.Parse(request.Path);
        int top = root.Open(path, TreeCalls.O_PATH);
        int result = TreeCalls.Status(top, out FileStatus status);
        if (result < 0)
            throw TreeException.FromErrno(-result, path);
        if (status.Kind == FileKind.Directory)
            tool.ListDirectory(root.Open(path, TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY), path.AsSpan(0, path.Length - 1), 0);
        else
            tool.Tell(path.AsMemory(0, path.Length - 1), status, default);
        TreeCalls.Close(ref top);
        tool.Send();
        return new ToolDoneMessage(tool._told, 0, tool._truncated);
    }

    private void ListDirectory(int directory, ReadOnlySpan<byte> path, int depth)
    {
        foreach ((byte[] name, _) in DirectoryReader.Read(directory, path))
        {
            if (_told == _request.Limit)
            {
                _truncated = true;
                break;
            }

            // What vanished since the names were read is not there.
            if (TreeCalls.Status(directory, name, out FileStatus status) < 0)
                continue;

            byte[] full = path.IsEmpty ? name[..^1] : [.. path, (byte)'/', .. name.AsSpan(0, name.Length - 1)];
            if (full.Length > FileEntry.MaxPath)
                throw new TreeException(ToolFailure.TooLarge, TreeException.Text(full.AsSpan(0, 100)) + "...", "the path is too long");
            int length = status.Kind == FileKind.Link ? Math.Max(TreeCalls.ReadLink(directory, name, _link), 0) : 0;
            Tell(full, status, _link.AsSpan(0, length).ToArray());
            if (status.Kind == FileKind.Directory && _request.Recursive && depth < MaxDepth)
            {
                int inner = TreeCalls.Open(directory, name, TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY);
                if (inner >= 0)
                    ListDirectory(inner, full, depth + 1);
            }
        }

        TreeCalls.Close(ref directory);
    }

    private void Tell(ReadOnlyMemory<byte> path, in FileStatus status, ReadOnlyMemory<byte> link)
    {
        var entry = new FileEntry(path, status.Kind, status.Mode, status.Size, status.ModifiedNanoseconds, link);
        if (_waitingSize + entry.Measure() > Wire.MaxPayload)
            Send();
        _waiting.Add(entry);
        _waitingSize += entry.Measure();
        _told++;
    }

    private void Send()
    {
        if (_waiting.Count == 0)
            return;
        _streams.Send(new FileEntriesMessage(_waiting));
        _waiting.Clear();
        _waitingSize = sizeof(uint);
    }
}
