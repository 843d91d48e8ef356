using System.Globalization;

namespace Pyro;

/// <summary>The host's memory that a machine's process takes, the guest's memory included, in KiB.</summary>
/// <param name="Private">What it has for itself now: what the guest wrote to and did not give back, and the VMM's own.</param>
/// <param name="Peak">The most it ever had mapped at once, pages that it shares with others included.</param>
public sealed record MachineMemory(long Private, long Peak)
{
    /// <summary>Reads it from <c>/proc/PID/status</c>.</summary>
    /// <param name="processId">A machine's process.</param>
    /// <returns>Null if the process is gone, or hidden.</returns>
    internal static MachineMemory? Of(int processId)
    {
        try
        {
            long anonymous = 0, peak = 0;
            foreach (string line in File.ReadLines($"/proc/{processId}/status"))
            {
                if (line.StartsWith("RssAnon:", StringComparison.Ordinal))
                    anonymous = Kib(line);
                else if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
                    peak = Kib(line);
            }

            return peak > 0 ? new MachineMemory(anonymous, peak) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // As in "VmHWM:	  123456 kB".
    private static long Kib(string line) =>
        long.Parse(line.AsSpan(line.IndexOf(':') + 1).TrimEnd("kB"), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
}
