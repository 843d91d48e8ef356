using Pyro.Protocol;
using Pyro.Trees;

namespace Pyro.Agent.Tools;

/// <summary>Reads regular files, links to them that stay below the root included.</summary>
internal static class ReadTool
{
    public static ToolDoneMessage Run(ToolStreams streams, WorkRoot root)
    {
        ReadFilesRequest request = streams.Read<ReadFilesRequest>();
        Stage.Recover(root);
        ulong files = 0, bytes = 0;
        foreach (string path in request.Paths)
        {
            int file = -1;
            try
            {
                file = Open(root, path, out FileStatus status);
                streams.Send(new FileContentMessage(status.Version, status.Mode, status.ModifiedNanoseconds));
                bytes += Send(streams, file, path, request.MaxBytes);
                files++;
            }
            catch (TreeException e)
            {
                streams.Send(new ToolFailedMessage(e.Code, e.Path, e.Message));
            }
            finally
            {
                TreeCalls.Close(ref file);
            }
        }

        return new ToolDoneMessage(files, bytes, false);
    }

    private static int Open(WorkRoot root, string path, out FileStatus status)
    {
        byte[] pathZ = WorkRoot.Parse(path);
        byte[] meant = root.Resolve(pathZ, follow: true, out int parent, out _);
        TreeCalls.Close(ref parent);
        // A pipe or a device must not make it wait.
        int file = root.Open(meant, TreeCalls.O_RDONLY | TreeCalls.O_NONBLOCK | TreeCalls.O_NOCTTY);
        int result = TreeCalls.Status(file, out status);
        if (result == 0 && status.Kind == FileKind.File)
            return file;

        FileKind kind = status.Kind;
        TreeCalls.Close(ref file);
        if (result < 0)
            throw TreeException.FromErrno(-result, path);
        throw kind == FileKind.Directory
            ? TreeException.FromErrno(Errno.EISDIR, path)
            : new TreeException(ToolFailure.NotRegular, path, "is no regular file");
    }

    private static ulong Send(ToolStreams streams, int file, string path, ulong most)
    {
        ulong sent = 0;
        while (sent < most)
        {
            Span<byte> buffer = streams.Buffer;
            int count = TreeCalls.Read(file, buffer[..(int)Math.Min((ulong)buffer.Length, most - sent)]);
            if (count < 0)
                throw TreeException.FromErrno(-count, path);
            if (count == 0)
                break;
            streams.SendBuffer(FrameType.ToolData, count);
            sent += (ulong)count;
        }

        streams.SendBuffer(FrameType.ToolEnd, 0);
        return sent;
    }
}
