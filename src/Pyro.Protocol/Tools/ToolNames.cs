namespace Pyro.Protocol;

/// <summary>The agent's tools, as an <see cref="ExecRequest"/> names them; each takes the root of its work as its argument.</summary>
public static class ToolNames
{
    /// <summary>Lists files.</summary>
    public const string List = "list";

    /// <summary>Reads files.</summary>
    public const string Read = "read";

    /// <summary>Writes, deletes and renames files: all of a list or nothing.</summary>
    public const string Edit = "edit";

    /// <summary>Takes a tree as a tar archive and merges it in: all of it or nothing.</summary>
    public const string TarIn = "tar-in";

    /// <summary>Gives a file or a tree as a tar archive.</summary>
    public const string TarOut = "tar-out";

    /// <summary>Tells what differs from an older state of the same file system.</summary>
    public const string Changes = "changes";
}
