namespace Pyro.Bench;

/// <summary>What the comparisons run: this build's binaries, the guest kernel, and what the cache holds.</summary>
internal static class Files
{
    internal const string Environment = "debian:12";

    internal static string Pyro => Existing(Path.Combine(AppContext.BaseDirectory, "pyro"), "./build.sh makes it");

    internal static string Qemu => Existing("/usr/bin/qemu-system-x86_64", "Debian package qemu-system-x86");

    /// <summary>microsandbox's executable, where the script that starts this found it; null without.</summary>
    internal static string? Msb => System.Environment.GetEnvironmentVariable("PYRO_BENCH_MSB") is { Length: > 0 } path ? path : null;

    internal static string Kernel => Existing(Path.Combine(AppContext.BaseDirectory, "vmlinux"), "./build.sh makes it");

    /// <summary>The disk that <c>pyro run</c> starts machines from.</summary>
    internal static async Task<string> RootDiskAsync() => (await new PyroClient().InspectEnvironmentAsync(Environment)).RootDisk;

    /// <summary>The archive with the agent, as the last run of pyro made it.</summary>
    internal static string Initramfs =>
        new DirectoryInfo(PyroPaths.FromEnvironment().Initramfs).EnumerateFiles("*.cpio").MaxBy(f => f.LastWriteTimeUtc)?.FullName
            ?? throw new BenchException("pyro has left no initramfs in its cache");

    private static string Existing(string path, string hint) =>
        File.Exists(path) ? path : throw new BenchException($"{path} is not there; {hint}");
}
