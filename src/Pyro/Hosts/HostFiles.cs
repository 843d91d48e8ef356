namespace Pyro.Hosts;

/// <summary>The files by which a host shows its virtualization.</summary>
/// <param name="Device">The KVM device.</param>
/// <param name="CpuInfo">The processor's flags.</param>
/// <param name="Modules">One folder a kernel module.</param>
internal sealed record HostFiles(string Device, string CpuInfo, string Modules)
{
    /// <summary>This host's. <c>PYRO_KVM</c> names another device than <c>/dev/kvm</c>.</summary>
    internal static HostFiles Real { get; } = new(
        Environment.GetEnvironmentVariable("PYRO_KVM") is { Length: > 0 } device ? device : "/dev/kvm",
        "/proc/cpuinfo",
        "/sys/module");

    internal bool HasModule(string name) => Directory.Exists(Path.Combine(Modules, name));

    /// <summary>Whether the processor has the flag <c>vmx</c> or <c>svm</c>.</summary>
    internal bool HasVirtualizationFlag()
    {
        try
        {
            // One processor speaks for all, and the file is long on a machine with many.
            foreach (string line in File.ReadLines(CpuInfo))
            {
                if (line.StartsWith("flags", StringComparison.Ordinal))
                    return HasWord(line, "vmx") || HasWord(line, "svm");
            }
        }
        catch (IOException)
        {
            // Without the file nothing is known, which counts as no flag.
        }
        catch (UnauthorizedAccessException)
        {
            // As above.
        }
        return false;
    }

    private static bool HasWord(string line, string word)
    {
        foreach (Range range in line.AsSpan().Split(' '))
        {
            if (line.AsSpan(range).SequenceEqual(word))
                return true;
        }
        return false;
    }
}
