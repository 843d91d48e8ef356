using Pyro.Agent.Native;
using Pyro.Protocol;

namespace Pyro.Agent.Exec;

/// <summary>Makes and handles pseudo-terminals.</summary>
internal static unsafe class PseudoTerminal
{
    /// <summary>A new terminal: the agent's end, which does not block, and the command's.</summary>
    public static void Create(TerminalSize size, out int master, out int slave)
    {
        slave = -1;
        master = Sys.Open("/dev/ptmx\0"u8, Linux.O_RDWR | Linux.O_NOCTTY | Linux.O_NONBLOCK);
        if (master < 0)
            throw LinuxException.Last("open", "/dev/ptmx");

        int locked = 0;
        if (Libc.ioctl(master, Linux.TIOCSPTLCK, (nint)(&locked)) == 0)
            slave = Libc.ioctl(master, Linux.TIOCGPTPEER, Linux.O_RDWR | Linux.O_NOCTTY | Linux.O_CLOEXEC);
        if (slave < 0)
        {
            LinuxException error = LinuxException.Last("TIOCGPTPEER", "/dev/ptmx");
            Sys.Close(ref master);
            throw error;
        }

        Resize(master, size);
        Termios termios;
        if (Libc.ioctl(slave, Linux.TCGETS, (nint)(&termios)) == 0)
        {
            // Backspace in cooked mode then removes a character, not one of its bytes.
            termios.InputFlags |= Linux.IUTF8;
            _ = Libc.ioctl(slave, Linux.TCSETS, (nint)(&termios));
        }
    }

    public static void Resize(int master, TerminalSize size)
    {
        var window = new WindowSize { Rows = size.Rows, Columns = size.Columns };
        _ = Libc.ioctl(master, Linux.TIOCSWINSZ, (nint)(&window));
    }

    /// <summary>The process group that the terminal's keys would signal, or 0.</summary>
    public static int ForegroundGroup(int master)
    {
        int group = 0;
        return Libc.ioctl(master, Linux.TIOCGPGRP, (nint)(&group)) < 0 ? 0 : group;
    }
}
