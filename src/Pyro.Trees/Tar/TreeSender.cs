using Pyro.Protocol;

namespace Pyro.Trees.Tar;

/// <summary>Writes files and directories to an archive, links as links, in the order of their names' bytes.</summary>
/// <param name="archive">Where to.</param>
/// <param name="strict">
/// Links that lead out of the tree, devices and pipes are refused; else the ones are written and the others left out, as
/// sockets always are. What vanishes meanwhile is not there.
/// </param>
public sealed class TreeSender(TarWriter archive, bool strict)
{
    private readonly byte[] _link = new byte[TreePath.Longest];

    // The name of what is written now; a directory's stays in front while what is in it is written.
    private readonly byte[] _path = new byte[TreePath.Longest];

    /// <summary>Writes all that is in a directory.</summary>
    /// <param name="directory">Open for reading; closed.</param>
    /// <param name="prefix">The directory's name in the archive; empty for its root.</param>
    /// <exception cref="TreeException">Something is refused, cannot be read or changed meanwhile.</exception>
    public void SendContents(int directory, ReadOnlySpan<byte> prefix) => SendContents(directory, prefix, 0);

    /// <summary>Writes one name in a directory, and all in it where it is one.</summary>
    /// <param name="directory">Its directory.</param>
    /// <param name="nameZ">Its name there.</param>
    /// <param name="kind">What it is as far as is known.</param>
    /// <param name="name">Its name in the archive.</param>
    /// <returns>False if there is nothing of this name.</returns>
    public bool Send(int directory, ReadOnlySpan<byte> nameZ, FileKind kind, ReadOnlySpan<byte> name) => Send(directory, nameZ, kind, name, 0);

    private void SendContents(int directory, ReadOnlySpan<byte> prefix, int depth)
    {
        try
        {
            if (depth == TreePath.Deepest)
                throw new TreeException(ToolFailure.TooLarge, TreeException.Text(prefix), "the tree is too deep");
            int start = 0;
            if (!prefix.IsEmpty)
            {
                prefix.CopyTo(_path);
                _path[prefix.Length] = (byte)'/';
                start = prefix.Length + 1;
            }

            foreach ((byte[] nameZ, FileKind kind) in DirectoryReader.Read(directory, prefix))
            {
                int length = start + nameZ.Length - 1;
                if (length >= _path.Length)
                    throw new TreeException(ToolFailure.TooLarge, TreeException.Text(prefix), "a path in it is too long");
                nameZ.AsSpan(0, nameZ.Length - 1).CopyTo(_path.AsSpan(start));
                _ = Send(directory, nameZ, kind, _path.AsSpan(0, length), depth);
            }
        }
        finally
        {
            TreeCalls.Close(ref directory);
        }
    }

    private bool Send(int directory, ReadOnlySpan<byte> nameZ, FileKind kind, ReadOnlySpan<byte> name, int depth)
    {
        FileStatus status;
        if (kind is FileKind.File or FileKind.Directory or FileKind.Unknown)
        {
            // A pipe that took its place must not make it wait.
            int file = TreeCalls.Open(directory, nameZ, TreeCalls.O_RDONLY | TreeCalls.O_NONBLOCK | TreeCalls.O_NOCTTY);
            if (file >= 0)
                return SendOpen(file, name, depth);
            if (file == -Errno.ENOENT)
                return false;
            if (file != -Errno.ELOOP && kind != FileKind.Unknown)
                throw TreeException.FromErrno(-file, name);
        }

        int result = TreeCalls.Status(directory, nameZ, out status);
        if (result == -Errno.ENOENT)
            return false;
        if (result < 0)
            throw TreeException.FromErrno(-result, name);
        if (status.Kind != FileKind.Link)
        {
            RefuseSpecial(status.Kind, name);
            return true;
        }

        int length = TreeCalls.ReadLink(directory, nameZ, _link);
        if (length < 0)
            throw TreeException.FromErrno(-length, name);
        ReadOnlySpan<byte> target = _link.AsSpan(0, length);
        if (strict && TreePath.Leaves(name, target))
            throw new TreeException(ToolFailure.EntryRefused, TreeException.Text(name), $"is a link that leads out: {TreeException.Text(target)}");
        archive.AddLink(status, name, target);
        return true;
    }

    private bool SendOpen(int file, ReadOnlySpan<byte> name, int depth)
    {
        bool handedOn = false;
        try
        {
            int result = TreeCalls.Status(file, out FileStatus status);
            if (result < 0)
                throw TreeException.FromErrno(-result, name);
            if (status.Kind == FileKind.File)
            {
                archive.AddFile(file, status, name);
            }
            else if (status.Kind == FileKind.Directory)
            {
                archive.AddDirectory(status, name);
                handedOn = true;
                SendContents(file, name, depth + 1);
            }
            else
            {
                RefuseSpecial(status.Kind, name);
            }

            return true;
        }
        finally
        {
            if (!handedOn)
                TreeCalls.Close(ref file);
        }
    }

    private void RefuseSpecial(FileKind kind, ReadOnlySpan<byte> name)
    {
        if (strict && kind != FileKind.Socket)
            throw new TreeException(ToolFailure.EntryRefused, TreeException.Text(name), "is a device or a pipe");
    }
}
