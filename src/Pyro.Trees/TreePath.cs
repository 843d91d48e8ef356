namespace Pyro.Trees;

/// <summary>Names of files in a tree, as bytes with a slash between their parts.</summary>
public static class TreePath
{
    /// <summary>The longest path, in bytes (PATH_MAX of linux/limits.h).</summary>
    public const int Longest = 4096;

    /// <summary>How deep a tree may be: each level takes a descriptor while it is worked on.</summary>
    public const int Deepest = 512;

    /// <summary>Writes a path without a slash in front or behind, and without empty and "." parts.</summary>
    /// <param name="path">As somebody else wrote it.</param>
    /// <param name="clean">Room for as many bytes.</param>
    /// <param name="length">Bytes written; 0 where the path is the tree's root.</param>
    /// <returns>False if the path begins at the root of all files, goes up, or holds a NUL.</returns>
    public static bool TryClean(ReadOnlySpan<byte> path, Span<byte> clean, out int length)
    {
        length = 0;
        if (path.StartsWith("/"u8) || path.Contains((byte)0))
            return false;
        while (!path.IsEmpty)
        {
            int slash = path.IndexOf((byte)'/');
            ReadOnlySpan<byte> part = slash < 0 ? path : path[..slash];
            path = slash < 0 ? default : path[(slash + 1)..];
            if (part.IsEmpty || part.SequenceEqual("."u8))
                continue;
            if (part.SequenceEqual(".."u8))
                return false;
            if (length > 0)
                clean[length++] = (byte)'/';
            part.CopyTo(clean[length..]);
            length += part.Length;
        }

        return true;
    }

    /// <summary>Whether a symbolic link leads out of the tree, by its words alone.</summary>
    /// <param name="link">The link's own clean path.</param>
    /// <param name="target">Where it leads.</param>
    public static bool Leaves(ReadOnlySpan<byte> link, ReadOnlySpan<byte> target)
    {
        if (target.IsEmpty || target[0] == '/')
            return true;
        int depth = link.Count((byte)'/');
        while (!target.IsEmpty)
        {
            int slash = target.IndexOf((byte)'/');
            ReadOnlySpan<byte> part = slash < 0 ? target : target[..slash];
            target = slash < 0 ? default : target[(slash + 1)..];
            if (part.IsEmpty || part.SequenceEqual("."u8))
                continue;
            depth += part.SequenceEqual(".."u8) ? -1 : 1;
            if (depth < 0)
                return true;
        }

        return false;
    }
}
