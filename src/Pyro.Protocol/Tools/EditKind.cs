namespace Pyro.Protocol;

/// <summary>What an <see cref="EditOperation"/> does.</summary>
public enum EditKind : byte
{
    /// <summary>Writes a file: its content follows, and <see cref="FrameType.ToolEnd"/>. Through a link inside the root.</summary>
    Write = 1,

    /// <summary>Deletes a file, a link (not what it leads to), or a directory with all that is in it.</summary>
    Delete = 2,

    /// <summary>Gives it another name.</summary>
    Rename = 3,

    /// <summary>Makes a directory; one that is there already is left as it is.</summary>
    MakeDirectory = 4,

    /// <summary>Sets permission bits.</summary>
    SetMode = 5,
}
