using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Processes;

/// <summary>Starts VMM processes. The base library's Process class can pass no descriptor.</summary>
internal static unsafe class ChildProcess
{
    /// <summary>
    /// Starts <paramref name="executable"/> with one argument, in a session of its own, with nothing open but
    /// <c>/dev/null</c> as standard input and output, the log as standard error, and the control socket.
    /// </summary>
    /// <returns>The child's process id.</returns>
    internal static int Spawn(string executable, string argument, SafeFileHandle control, SafeFileHandle? log)
    {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        Check(Libc.posix_spawn_file_actions_init(&actions), executable);
        Check(Libc.posix_spawnattr_init(&attributes), executable);
        nint name = Marshal.StringToCoTaskMemUTF8(executable);
        nint verb = Marshal.StringToCoTaskMemUTF8(argument);
        try
        {
            AddDescriptors(&actions, executable, (int)control.DangerousGetHandle(), (int)(log?.DangerousGetHandle() ?? -1));
            SetAttributes(&attributes, executable);
            byte** arguments = stackalloc byte*[] { (byte*)name, (byte*)verb, null };
            byte** noEnvironment = stackalloc byte*[] { null }; // the configuration says everything
            int pid;
            // SAFETY: both arrays end with a null pointer, and everything lives until the call returns.
            Check(Libc.posix_spawn(&pid, executable, &actions, &attributes, arguments, noEnvironment), executable);
            return pid;
        }
        finally
        {
            Marshal.FreeCoTaskMem(name);
            Marshal.FreeCoTaskMem(verb);
            _ = Libc.posix_spawn_file_actions_destroy(&actions);
            _ = Libc.posix_spawnattr_destroy(&attributes);
        }
    }

    /// <summary>Waits for the child and says in words how it ended.</summary>
    internal static string Reap(int pid)
    {
        int status;
        while (Libc.waitpid(pid, &status, 0) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Uapi.EINTR)
            {
                return "is gone";
            }
        }

        int signal = status & 0x7f;
        return signal != 0 ? $"was killed by signal {signal}" : $"ended with exit code {(status >> 8) & 0xff}";
    }

    /// <summary>Duplicating clears close-on-exec; descriptors above the control socket are closed whatever their flags.</summary>
    private static void AddDescriptors(posix_spawn_file_actions_t* actions, string executable, int control, int log)
    {
        Check(Libc.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", Uapi.O_RDONLY, 0), executable);
        Check(Libc.posix_spawn_file_actions_addopen(actions, 1, "/dev/null", Uapi.O_WRONLY, 0), executable);
        Check(
            log >= 0
                ? Libc.posix_spawn_file_actions_adddup2(actions, log, 2)
                : Libc.posix_spawn_file_actions_addopen(actions, 2, "/dev/null", Uapi.O_WRONLY, 0),
            executable);
        Check(Libc.posix_spawn_file_actions_adddup2(actions, control, VmmHost.ControlDescriptor), executable);
        Check(Libc.posix_spawn_file_actions_addclosefrom_np(actions, VmmHost.ControlDescriptor + 1), executable);
    }

    private static void SetAttributes(posix_spawnattr_t* attributes, string executable)
    {
        __sigset_t none;
        _ = Libc.sigemptyset(&none);
        Check(Libc.posix_spawnattr_setsigmask(attributes, &none), executable);
        Check(Libc.posix_spawnattr_setflags(attributes, (short)(Uapi.POSIX_SPAWN_SETSID | Uapi.POSIX_SPAWN_SETSIGMASK)), executable);
    }

    private static void Check(int error, string executable)
    {
        if (error != 0)
        {
            throw new LinuxException("posix_spawn", executable, error);
        }
    }
}
