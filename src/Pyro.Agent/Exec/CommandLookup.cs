using Pyro.Agent.Native;

namespace Pyro.Agent.Exec;

/// <summary>Finds the file a command names, as a shell does.</summary>
internal static unsafe class CommandLookup
{
    /// <summary>Whether the path is a directory.</summary>
    public static bool IsDirectory(string path) => ModeOf(path) is { } mode && (mode & Linux.S_IFMT) == Linux.S_IFDIR;

    /// <summary>Finds the file, or says why there is none: errno ENOENT or EACCES and the like.</summary>
    public static string? Find(string command, string searchPath, string directory, out int errno)
    {
        errno = Linux.ENOENT;
        if (command.Length == 0)
            return null;
        if (command.Contains('/'))
            return Check(command, directory, out errno) ? command : null;

        foreach (Range part in searchPath.AsSpan().Split(':'))
        {
            string folder = searchPath[part];
            string candidate = folder.Length == 0 ? "./" + command : folder + "/" + command;
            if (Check(candidate, directory, out int error))
                return candidate;
            if (error == Linux.EACCES)
                errno = error;
        }

        return null;
    }

    /// <summary>Whether a file that the kernel refuses as a program is text, which a shell would run.</summary>
    public static bool IsText(string program, string directory)
    {
        int fd = Sys.Open(Sys.Utf8(Absolute(program, directory)), Linux.O_RDONLY);
        if (fd < 0)
            return false;

        Span<byte> start = stackalloc byte[128];
        int length = Math.Max(Sys.Read(fd, start), 0);
        Sys.Close(ref fd);
        start = start[..length];
        int line = start.IndexOf((byte)'\n');
        return !start[..(line < 0 ? length : line)].Contains((byte)0);
    }

    private static bool Check(string path, string directory, out int errno)
    {
        string absolute = Absolute(path, directory);
        ushort? mode = ModeOf(absolute);
        if (mode is null)
        {
            errno = Sys.Errno;
            return false;
        }

        fixed (byte* p = Sys.Utf8(absolute))
        {
            bool runs = (mode & Linux.S_IFMT) == Linux.S_IFREG
                && Libc.faccessat(Linux.AT_FDCWD, p, Linux.X_OK, Linux.AT_EACCESS) == 0;
            errno = runs ? 0 : Linux.EACCES;
            return runs;
        }
    }

    private static string Absolute(string path, string directory)
        => path.StartsWith('/') ? path : directory + "/" + path;

    private static ushort? ModeOf(string path)
    {
        Statx status;
        fixed (byte* p = Sys.Utf8(path))
            return Libc.statx(Linux.AT_FDCWD, p, 0, Linux.STATX_TYPE, &status) == 0 ? status.Mode : null;
    }
}
