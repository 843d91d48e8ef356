namespace Pyro.Bench;

/// <summary>What the comparisons run: this build's binaries, the guest kernel, and what the cache holds.</summary>
internal static class Files
{
    internal const string Environment = "debian:12";

    internal static string Pyro => Existing(Path.Combine(AppContext.BaseDirectory, "pyro"), "./build.sh makes it");

    internal static string Qemu => Existing("/usr/bin/qemu-system-x86_64", "Debian package qemu-system-x86");

    internal static string Kernel => Existing(Path.Combine(AppContext.BaseDirectory, "vmlinux"), "./build.sh makes it");

    internal static string RootDisk
    {
        get
        {
            string environments = PyroPaths.FromEnvironment().Environments;
            string? folder = Directory.Exists(environments)
                ? Directory.EnumerateDirectories(environments, "debian-12-*").FirstOrDefault(f => IsEnvironment(Path.Combine(f, "environment.json")))
                : null;
            return Existing(Path.Combine(folder ?? environments, "rootfs.ext4"), $"pyro env pull {Environment} makes it");
        }
    }

    /// <summary>The archive with the agent, as the last run of pyro made it.</summary>
    internal static string Initramfs =>
        new DirectoryInfo(PyroPaths.FromEnvironment().Initramfs).EnumerateFiles("*.cpio").MaxBy(f => f.LastWriteTimeUtc)?.FullName
            ?? throw new BenchException("pyro has left no initramfs in its cache");

    private static bool IsEnvironment(string record) =>
        File.Exists(record) && File.ReadAllText(record).Contains($"\"name\": \"{Environment}\"", StringComparison.Ordinal);

    private static string Existing(string path, string hint) =>
        File.Exists(path) ? path : throw new BenchException($"{path} is not there; {hint}");
}
