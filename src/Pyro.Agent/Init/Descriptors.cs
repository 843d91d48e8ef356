using Pyro.Agent.Native;

namespace Pyro.Agent.Init;

/// <summary>Sees to descriptors 0 to 2.</summary>
internal static class Descriptors
{
    /// <summary>
    /// Opens the console, or /dev/null, where the kernel did not: an initramfs need not have a console, and no
    /// descriptor that is passed to a command may be one of these.
    /// </summary>
    public static void EnsureStandard()
    {
        while (true)
        {
            int fd = Sys.Open("/dev/console\0"u8, Linux.O_RDWR | Linux.O_NOCTTY);
            if (fd < 0)
                fd = Sys.Open("/dev/null\0"u8, Linux.O_RDWR);
            if (fd > 2)
                Sys.Close(ref fd);
            if (fd < 0)
                return;
        }
    }
}
