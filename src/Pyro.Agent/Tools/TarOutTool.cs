using Pyro.Protocol;
using Pyro.Trees;
using Pyro.Trees.Tar;

namespace Pyro.Agent.Tools;

/// <summary>Gives a file or a tree as an archive.</summary>
internal static class TarOutTool
{
    private static ReadOnlySpan<byte> TopName => "top"u8;

    public static ToolDoneMessage Run(ToolStreams streams, WorkRoot root)
    {
        SendTreeRequest request = streams.Read<SendTreeRequest>();
        Stage.Recover(root);
        byte[] path = WorkRoot.Parse(request.Path);
        var output = new FrameTarOutput(streams);
        var archive = new TarWriter(output);
        var sender = new TreeSender(archive, strict: false);
        if (path.Length == 1)
        {
            if (TreeCalls.Status(root.Directory, out FileStatus status) < 0)
                throw TreeException.FromErrno(Errno.ENOENT, path);
            archive.AddDirectory(status, TopName);
            sender.SendContents(root.Open(path, TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY), TopName);
        }
        else
        {
            _ = root.Resolve(path, follow: true, out int parent, out byte[] nameZ);
            if (parent < 0 || TreeCalls.Status(parent, nameZ, out FileStatus status) < 0)
                throw TreeException.FromErrno(Errno.ENOENT, path);
            if (status.Kind is not (FileKind.File or FileKind.Directory))
                throw new TreeException(ToolFailure.NotRegular, request.Path, "is neither a file nor a directory");
            if (!sender.Send(parent, nameZ, status.Kind, TopName))
                throw TreeException.FromErrno(Errno.ENOENT, path);
            TreeCalls.Close(ref parent);
        }

        archive.Complete();
        output.Flush();
        streams.SendBuffer(FrameType.ToolEnd, 0);
        return new ToolDoneMessage(archive.Entries, archive.Bytes, false);
    }
}
