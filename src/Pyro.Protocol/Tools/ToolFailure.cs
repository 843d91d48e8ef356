namespace Pyro.Protocol;

/// <summary>The codes of <see cref="ToolFailedMessage"/>; stable, for programs.</summary>
public static class ToolFailure
{
    /// <summary>A path, or a link on the way, leads out of the root.</summary>
    public const string OutsideRoot = "path_outside_workspace";

    /// <summary>There is nothing of this name.</summary>
    public const string NotFound = "not_found";

    /// <summary>A directory where a file is wanted.</summary>
    public const string IsDirectory = "is_directory";

    /// <summary>Something else where a directory is wanted.</summary>
    public const string NotDirectory = "not_directory";

    /// <summary>Neither file nor directory where one of them is wanted: a device, a socket, a pipe.</summary>
    public const string NotRegular = "not_regular";

    /// <summary>Something is there where nothing should be.</summary>
    public const string Exists = "exists";

    /// <summary>It is not any more as it was when it was read.</summary>
    public const string Changed = "changed";

    /// <summary>An entry of an archive is one that is not taken.</summary>
    public const string EntryRefused = "entry_refused";

    /// <summary>An archive ends too early or makes no sense.</summary>
    public const string ArchiveDamaged = "archive_damaged";

    /// <summary>More than the tool handles.</summary>
    public const string TooLarge = "too_large";

    /// <summary>The disk is full.</summary>
    public const string NoSpace = "no_space";

    /// <summary>Two operations of one list name the same path, or one makes no sense.</summary>
    public const string BadRequest = "bad_request";

    /// <summary>Another system call's failure.</summary>
    public const string SystemError = "system_error";
}
