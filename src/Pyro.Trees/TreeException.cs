using System.Runtime.InteropServices;
using System.Text;
using Pyro.Protocol;

namespace Pyro.Trees;

/// <summary>Something about one file of a tree failed or is refused.</summary>
/// <param name="code">One of <see cref="ToolFailure"/>.</param>
/// <param name="path">What it is about, or empty.</param>
/// <param name="reason">What is wrong with it, without its name.</param>
public sealed class TreeException(string code, string path, string reason) : Exception(reason)
{
    /// <summary>One of <see cref="ToolFailure"/>.</summary>
    public string Code { get; } = code;

    /// <summary>What it is about, or empty.</summary>
    public string Path { get; } = path;

    /// <summary>A system call failed.</summary>
    /// <param name="errno">Why.</param>
    /// <param name="path">On what.</param>
    public static TreeException FromErrno(int errno, string path) => errno switch
    {
        Errno.ENOENT => new(ToolFailure.NotFound, path, "does not exist"),
        Errno.ENOTDIR => new(ToolFailure.NotDirectory, path, "is not a directory, or one of its parents is not"),
        Errno.EISDIR => new(ToolFailure.IsDirectory, path, "is a directory"),
        Errno.EEXIST or Errno.ENOTEMPTY => new(ToolFailure.Exists, path, "is already there"),
        Errno.ENOSPC or Errno.EDQUOT => new(ToolFailure.NoSpace, path, "the disk is full"),
        Errno.ENAMETOOLONG => new(ToolFailure.TooLarge, path, "the name is too long"),
        _ => new(ToolFailure.SystemError, path, Marshal.GetPInvokeErrorMessage(errno)),
    };

    /// <inheritdoc cref="FromErrno(int, string)"/>
    public static TreeException FromErrno(int errno, ReadOnlySpan<byte> path) => FromErrno(errno, Text(path));

    /// <summary>A name for people: its bytes as UTF-8, up to a NUL, as far as they are UTF-8.</summary>
    public static string Text(ReadOnlySpan<byte> path)
    {
        int end = path.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? path : path[..end]);
    }
}
