using System.Runtime.InteropServices;
using Pyro.Protocol;

namespace Pyro.Cli.Terminals;

/// <summary>The terminal in front of the user.</summary>
internal static partial class LocalTerminal
{
    private const ulong TIOCGWINSZ = 0x5413;
    private const int TCSANOW = 0;

    /// <summary>Whether a standard stream (0, 1 or 2) is a terminal.</summary>
    internal static bool Is(int descriptor) => isatty(descriptor) == 1;

    /// <summary>Whether moving text on standard error is welcome.</summary>
    internal static bool CanAnimate => Is(2) && Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } and not "dumb";

    /// <summary>The size of the first standard stream that is a terminal, else 80 by 24.</summary>
    internal static TerminalSize Size
    {
        get
        {
            for (int descriptor = 0; descriptor < 3; descriptor++)
            {
                var size = default(WindowSize);
                if (ioctl(descriptor, TIOCGWINSZ, ref size) == 0 && size.Columns > 0 && size.Rows > 0)
                    return new TerminalSize(size.Columns, size.Rows);
            }
            return new TerminalSize(80, 24);
        }
    }

    /// <summary>Passes every key on as it is typed, Ctrl-C among them, until the result is disposed of.</summary>
    /// <returns>Null if standard input is no terminal.</returns>
    internal static IDisposable? EnterRawMode()
    {
        var before = default(Termios);
        if (tcgetattr(0, ref before) != 0)
            return null;
        Termios raw = before;
        cfmakeraw(ref raw);
        return tcsetattr(0, TCSANOW, in raw) == 0 ? new RawMode(before) : null;
    }

    [LibraryImport("libc")]
    private static partial int isatty(int descriptor);

    [LibraryImport("libc")]
    private static partial int ioctl(int descriptor, ulong request, ref WindowSize size);

    [LibraryImport("libc")]
    private static partial int tcgetattr(int descriptor, ref Termios state);

    [LibraryImport("libc")]
    private static partial int tcsetattr(int descriptor, int when, in Termios state);

    [LibraryImport("libc")]
    private static partial void cfmakeraw(ref Termios state);

    private struct WindowSize
    {
        internal ushort Rows;
        internal ushort Columns;
        internal ushort PixelWidth;
        internal ushort PixelHeight;
    }

    private sealed class RawMode(Termios before) : IDisposable
    {
        private int _restored;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _restored, 1) == 0)
                _ = tcsetattr(0, TCSANOW, in before);
        }
    }
}
