using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Pyro.Components;
using Pyro.Environments;
using Pyro.Files;
using Pyro.Hosts;
using Pyro.Json;
using Pyro.Machines;
using Pyro.Warm;

namespace Pyro.Diagnostics;

/// <summary>Looks at everything that a machine needs and says what to do about what is not in order.</summary>
internal sealed class Doctor(PyroPaths paths, string environment)
{
    private const int WantedApiVersion = 12;

    private const long MiB = 1024 * 1024;

    private readonly List<DoctorCheck> _checks = [];

    internal DoctorReport Examine()
    {
        HostKvm kvm = HostKvm.Probe();
        int? version = Kvm(kvm);
        Kernel();
        Agent();
        Environment();
        WarmStart();
        Folders();
        Memory();
        Limits();
        Disk();
        return new DoctorReport(
            !_checks.Exists(static check => check.Status == CheckStatus.Failed),
            PyroJson.NameOf(kvm.Kind),
            version,
            environment,
            _checks);
    }

    private int? Kvm(HostKvm kvm)
    {
        bool there = kvm.Kind is KvmKind.Hardware or KvmKind.Software;
        Add("kvm_device", there ? CheckStatus.Ok : CheckStatus.Failed, there ? "the KVM device is there, readable and writable" : kvm.Summary, kvm.Kind == KvmKind.Software ? null : kvm.Hint);
        if (!there)
            return null;
        Add("kvm_hardware", kvm.Kind == KvmKind.Hardware ? CheckStatus.Ok : CheckStatus.Failed, kvm.Summary, kvm.Hint);
        int? version = HostKvm.ApiVersion();
        Add(
            "kvm_api",
            version == WantedApiVersion ? CheckStatus.Ok : CheckStatus.Failed,
            version is null ? "KVM does not tell its API version" : $"KVM API version {version}",
            version == WantedApiVersion ? null : $"Pyro needs version {WantedApiVersion}: use a kernel that has it.");
        return version;
    }

    private void Kernel()
    {
        const string Name = "kernel";
        string kernel;
        try
        {
            kernel = Component.Kernel(paths);
        }
        catch (PyroException e)
        {
            Add(Name, e);
            return;
        }
        string real = File.ResolveLinkTarget(kernel, returnFinalTarget: true)?.FullName ?? kernel;
        string record = Path.Combine(Path.GetDirectoryName(real) ?? "/", "kernel.json");
        if (!File.Exists(record))
        {
            Add(Name, CheckStatus.Warning, $"{kernel} is there; it has no kernel.json to verify it by", "Build Pyro's own: ./build.sh");
            return;
        }
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(record));
        string? wanted = document.RootElement.TryGetProperty("vmlinux_sha256", out JsonElement hash) ? hash.GetString() : null;
        string? version = document.RootElement.TryGetProperty("version", out JsonElement text) ? text.GetString() : null;
        using FileStream content = File.OpenRead(real);
        bool whole = string.Equals(Convert.ToHexString(SHA256.HashData(content)), wanted, StringComparison.OrdinalIgnoreCase);
        Add(
            Name,
            whole ? CheckStatus.Ok : CheckStatus.Failed,
            whole ? $"Linux {version}, verified: {kernel}" : $"{kernel} is damaged: its hash is not the one in kernel.json",
            whole ? null : "Build it again: ./build.sh");
    }

    private void Agent()
    {
        try
        {
            Add("agent", CheckStatus.Ok, Component.Agent(), null);
        }
        catch (PyroException e)
        {
            Add("agent", e);
        }
    }

    private void Folders()
    {
        try
        {
            PrivateFolder.Ensure(paths.Cache);
            PrivateFolder.EnsureOwned(paths.Runtime);
            using SafeFileHandle scratch = ScratchFile.Create(paths.Scratch);
            int reaped = RuntimeFolder.Reap(paths.Runtime);
            Add("folders", CheckStatus.Ok, $"cache {paths.Cache}, state {paths.State}, runtime {paths.Runtime}" + (reaped > 0 ? $"; {reaped} left by a crash removed" : ""), null);
        }
        catch (PyroException e)
        {
            Add("folders", e);
        }
    }

    private void Memory()
    {
        long total = 0, available = 0;
        foreach (string line in File.ReadLines("/proc/meminfo"))
        {
            if (line.StartsWith("MemTotal:", StringComparison.Ordinal))
                total = KibibytesOf(line);
            else if (line.StartsWith("MemAvailable:", StringComparison.Ordinal))
                available = KibibytesOf(line);
        }
        int wanted = new RunRequest { Environment = "", Command = [] }.MemMib;
        bool enough = available / 1024 >= wanted;
        Add(
            "memory",
            enough ? CheckStatus.Ok : CheckStatus.Warning,
            $"{available / 1024} of {total / 1024} MiB available; a machine has {wanted} MiB unless told otherwise",
            enough ? null : "Give machines less: --mem-mib 256");
    }

    private void Limits()
    {
        ulong files = HostLimits.OpenFiles, space = HostLimits.AddressSpace;
        if (files < 256)
            Add("limits", CheckStatus.Warning, $"only {files} open files are allowed", "Raise it: ulimit -n 4096");
        else if (space != ulong.MaxValue)
            Add("limits", CheckStatus.Warning, $"a process may map {space / MiB} MiB; a machine's memory counts against that", "Lift it: ulimit -v unlimited");
        else
            Add("limits", CheckStatus.Ok, $"{files} open files, address space unlimited", null);
    }

    private void Disk()
    {
        long cache = RoomAt(paths.Cache), state = RoomAt(paths.State);
        long least = Math.Min(cache, state);
        Add(
            "disk",
            least >= 1024 * MiB ? CheckStatus.Ok : least >= 64 * MiB ? CheckStatus.Warning : CheckStatus.Failed,
            $"{cache / MiB} MiB free for the cache, {state / MiB} MiB for throw-away disks",
            least >= 1024 * MiB ? null : "Free some, or point XDG_CACHE_HOME and XDG_STATE_HOME at a larger disk.");
    }

    private void Environment()
    {
        try
        {
            Add("environment", CheckStatus.Ok, Describe(EnvironmentStore.OfUser(paths).Resolve(environment)), null);
        }
        catch (PyroException e)
        {
            Add("environment", e);
        }
    }

    private void WarmStart()
    {
        try
        {
            var usual = new RunRequest { Environment = environment, Command = [] };
            (WarmState state, string text) = new Preparation(paths).Describe(new MachineOptions { Environment = environment, VcpuCount = usual.VcpuCount, MemMib = usual.MemMib });
            Add(
                "warm_start",
                state == WarmState.Unfit ? CheckStatus.Warning : CheckStatus.Ok,
                text,
                state == WarmState.Warm ? null : $"Make it now: pyro prepare {environment}{(state == WarmState.Unfit ? " --force" : "")}");
        }
        catch (PyroException)
        {
            Add("warm_start", CheckStatus.Warning, "cold: a part of the machine is missing, as told above", null);
        }
    }

    private static string Describe(InstalledEnvironment found) => $"{found.Name} is installed, {found.DiskUsage / 1_000_000} MB: {found.RootDisk}";

    private static long RoomAt(string folder)
    {
        string? there = folder;
        while (there is not null && !Directory.Exists(there))
            there = Path.GetDirectoryName(there);
        return new DriveInfo(there ?? "/").AvailableFreeSpace;
    }

    private static long KibibytesOf(string line)
    {
        ReadOnlySpan<char> value = line.AsSpan(line.IndexOf(':') + 1).Trim();
        int end = value.IndexOf(' ');
        return long.Parse(end < 0 ? value : value[..end], CultureInfo.InvariantCulture);
    }

    private void Add(string name, CheckStatus status, string message, string? hint) => _checks.Add(new DoctorCheck(name, status, message, hint));

    private void Add(string name, PyroException e) => Add(name, CheckStatus.Failed, e.Message, e.Hint);
}
