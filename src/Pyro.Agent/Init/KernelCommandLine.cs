using System.Text;
using Pyro.Agent.Native;

namespace Pyro.Agent.Init;

/// <summary>The <c>pyro.*</c> words of the kernel's command line.</summary>
internal sealed class KernelCommandLine
{
    private readonly string _text;

    private KernelCommandLine(string text) => _text = text;

    /// <summary>The root disk's device, or null to stay in the initramfs.</summary>
    public string? Root => Get("pyro.root=");

    /// <summary>The root disk's file system.</summary>
    public string RootType => Get("pyro.rootfstype=") ?? "ext4";

    /// <summary>Options of the root disk's file system.</summary>
    public string RootOptions => Get("pyro.rootflags=") ?? "";

    /// <summary>The name of the machine, or null.</summary>
    public string? HostName => Get("pyro.hostname=");

    /// <summary>What <c>/etc/machine-id</c> holds, or null to leave it alone.</summary>
    public string? MachineId => Get("pyro.machine_id=");

    /// <summary>Nanoseconds since 1970-01-01 UTC when the machine was started, or null.</summary>
    public ulong? Time => ulong.TryParse(Get("pyro.time="), out ulong time) ? time : null;

    public static KernelCommandLine Read()
    {
        Span<byte> text = stackalloc byte[4096];
        int length = Sys.ReadFile("/proc/cmdline\0"u8, text);
        return new KernelCommandLine(Encoding.UTF8.GetString(text[..Math.Max(length, 0)]));
    }

    private string? Get(string key)
    {
        foreach (Range range in _text.AsSpan().SplitAny(' ', '\n'))
        {
            ReadOnlySpan<char> word = _text.AsSpan()[range];
            if (word.StartsWith(key, StringComparison.Ordinal))
                return word[key.Length..].ToString();
        }

        return null;
    }
}
