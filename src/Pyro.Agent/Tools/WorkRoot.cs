using System.Text;
using Pyro.Agent.Native;
using Pyro.Protocol;
using Pyro.Trees;

namespace Pyro.Agent.Tools;

/// <summary>The directory below which a tool works, and how names in it are opened.</summary>
internal sealed class WorkRoot
{
    private const int MaxLinks = 40;
    private readonly byte[] _prefix;

    /// <summary>Opens it.</summary>
    /// <param name="path">Absolute.</param>
    /// <exception cref="TreeException">It is not there.</exception>
    public WorkRoot(string path)
    {
        Path = path;
        _prefix = Encoding.UTF8.GetBytes(path + "/");
        Directory = TreeCalls.OpenPath(Sys.Utf8(path), TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY);
        if (Directory < 0)
            throw TreeException.FromErrno(-Directory, path);
    }

    public string Path { get; }

    /// <summary>Its descriptor.</summary>
    public int Directory { get; }

    /// <summary>A path from the host as bytes with NUL: no slash in front, no empty, "." or ".." parts.</summary>
    /// <exception cref="TreeException">It is not such a path.</exception>
    public static byte[] Parse(string path)
    {
        if (path.StartsWith('/') || path.Contains('\0'))
            throw Outside(path);
        foreach (Range part in path.AsSpan().Split('/'))
        {
            ReadOnlySpan<char> name = path.AsSpan(part);
            if (name is ".." || (path.Length > 0 && name is "" or "."))
                throw Outside(path);
        }

        return Sys.Utf8(path);
    }

    /// <summary>Opens a path, links that stay below the root followed.</summary>
    /// <exception cref="TreeException">It cannot be opened.</exception>
    public int Open(byte[] pathZ, int flags)
    {
        int fd = TreeCalls.OpenBeneath(Directory, pathZ, flags);
        return fd >= 0 ? fd : throw Failure(-fd, pathZ);
    }

    /// <summary>
    /// Opens the directory that a path's last name is in. Where that name is a symbolic link and links are to be followed,
    /// it is the link's target that is meant, for as long as the way stays below the root.
    /// </summary>
    /// <returns>The path that is meant; its directory may be missing, and is -1 then.</returns>
    public byte[] Resolve(byte[] pathZ, bool follow, out int parent, out byte[] nameZ)
    {
        Span<byte> target = stackalloc byte[FileEntry.MaxPath];
        byte[] path = pathZ;
        for (int links = 0; links < MaxLinks; links++)
        {
            int slash = path.AsSpan().LastIndexOf((byte)'/');
            byte[] folder = slash < 0 ? [0] : [.. path.AsSpan(0, slash), 0];
            nameZ = path[(slash + 1)..];
            if (nameZ is [0] or [(byte)'.', 0] or [(byte)'.', (byte)'.', 0])
                throw new TreeException(ToolFailure.IsDirectory, TreeException.Text(pathZ), "is a directory");

            parent = TreeCalls.OpenBeneath(Directory, folder, TreeCalls.O_PATH | TreeCalls.O_DIRECTORY);
            if (parent == -Errno.ENOENT)
            {
                parent = -1;
                return path;
            }

            if (parent < 0)
                throw Failure(-parent, pathZ);
            int length = follow ? TreeCalls.ReadLink(parent, nameZ, target) : -Errno.EINVAL;
            if (length < 0)
                return path;

            TreeCalls.Close(ref parent);
            ReadOnlySpan<byte> next = target[..length];
            if (next.StartsWith(_prefix))
                path = [.. next[_prefix.Length..], 0];
            else if (next.IsEmpty || next[0] == '/')
                throw Outside(TreeException.Text(pathZ));
            else
                path = slash < 0 ? [.. next, 0] : [.. path.AsSpan(0, slash + 1), .. next, 0];
        }

        throw new TreeException(ToolFailure.SystemError, TreeException.Text(pathZ), "is a link in a circle");
    }

    /// <summary>What a failed <see cref="TreeCalls.OpenBeneath"/> means.</summary>
    public static TreeException Failure(int errno, ReadOnlySpan<byte> path)
        => errno is Errno.EXDEV ? Outside(TreeException.Text(path)) : TreeException.FromErrno(errno, path);

    private static TreeException Outside(string path)
        => new(ToolFailure.OutsideRoot, path, "leads out of the workspace");
}
