using System.Diagnostics;
using System.Runtime.CompilerServices;
using Iced.Intel;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Vmm.Processes;
using Pyro.Vmm.Tests.Boot;
using Pyro.Vmm.Tests.Disks;
using static Pyro.Vmm.Tests.TinyGuest;

namespace Pyro.Vmm.Tests.Processes;

/// <summary>The published executable as a VMM process, on this host's own <c>/dev/kvm</c>, with kernels of a few instructions.</summary>
public sealed class VmmProcessTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_guest_that_switches_off_ends_its_process()
    {
        await using VmmProcess vmm = Launch(PowerOff);
        MachineStarted started = await vmm.Started.WaitAsync(s_limit);
        Assert.InRange(started.EnteredNs, started.ConfiguredNs, long.MaxValue);
        Assert.Equal(MachineExitReason.Shutdown, (await vmm.Exited.WaitAsync(s_limit)).Reason);
        await GoneAsync(vmm.ProcessId);
    }

    [Fact]
    public async Task The_console_goes_to_the_file_that_came_with_the_configuration()
    {
        string path = Path.GetTempFileName();
        try
        {
            using (SafeFileHandle console = File.OpenHandle(path, FileMode.Open, FileAccess.Write))
            {
                await using VmmProcess vmm = Launch(
                    a =>
                    {
                        Print(a, "x");
                        PowerOff(a);
                    },
                    config => config with { ConsoleDescriptor = 2 },
                    console);
                await vmm.Exited.WaitAsync(s_limit);
                await GoneAsync(vmm.ProcessId);
            }

            Assert.Equal("x", await File.ReadAllTextAsync(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task A_spinning_machine_is_stopped_on_request()
    {
        await using VmmProcess vmm = Launch(Spin);
        await vmm.Started.WaitAsync(s_limit);
        vmm.Stop();
        Assert.Equal(MachineExitReason.Stopped, (await vmm.Exited.WaitAsync(s_limit)).Reason);
        await GoneAsync(vmm.ProcessId);
    }

    [Fact]
    public async Task A_running_machine_tells_what_it_has_done()
    {
        await using VmmProcess vmm = Launch(
            a =>
            {
                Print(a, "12345");
                Spin(a);
            },
            config => config with { Rng = true });
        await vmm.Started.WaitAsync(s_limit);
        MachineCounters? counters;
        do
        {
            counters = await vmm.CountAsync().WaitAsync(s_limit);
            Assert.NotNull(counters);
        }
        while (counters.Exits.Port < 5);
        Assert.Equal(5, counters.Exits.Port);
        Assert.Equal([new DeviceCounts("rng", 0, 0), new DeviceCounts("balloon", 0, 0)], counters.Devices);

        // Two that ask at once both get an answer.
        MachineCounters?[] both = await Task.WhenAll(vmm.CountAsync(), vmm.CountAsync()).WaitAsync(s_limit);
        Assert.All(both, c => Assert.Equal(5, c?.Exits.Port));
    }

    [Fact]
    public async Task A_machine_that_has_ended_tells_nothing()
    {
        await using VmmProcess vmm = Launch(PowerOff);
        await vmm.Exited.WaitAsync(s_limit);
        Assert.Null(await vmm.CountAsync().WaitAsync(s_limit));
        await GoneAsync(vmm.ProcessId);
        Assert.Null(await vmm.CountAsync().WaitAsync(s_limit));
    }

    [Fact]
    public async Task A_killed_process_is_an_end_that_names_the_signal()
    {
        await using VmmProcess vmm = Launch(Spin);
        await vmm.Started.WaitAsync(s_limit);
        using (Process process = Process.GetProcessById(vmm.ProcessId))
            process.Kill();
        MachineExit exit = await vmm.Exited.WaitAsync(s_limit);
        Assert.Equal(MachineExitReason.InternalError, exit.Reason);
        Assert.Contains("signal 9", exit.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kernel_that_is_none_fails_the_start_with_the_reason()
    {
        await using VmmProcess vmm = Launch([1, 2, 3], static config => config);
        VmmException error = await Assert.ThrowsAsync<VmmException>(() => vmm.Started.WaitAsync(s_limit));
        Assert.Equal("boot_failed", error.Code);
        Assert.Contains("tiny", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_that_does_not_fit_fails_the_start_and_leaves_nothing()
    {
        await using VmmProcess vmm = Launch(Spin, config => config with { VcpuCount = 99 });
        await Assert.ThrowsAsync<VmmException>(() => vmm.Started.WaitAsync(s_limit));
        await GoneAsync(vmm.ProcessId);
    }

    [Fact]
    public async Task A_state_file_of_ten_gigabytes_is_refused_by_name_and_not_read()
    {
        using SafeFileHandle huge = TestDisk.NewFile(10UL << 30), memory = TestDisk.NewFile(32 << 20);
        await using VmmProcess vmm = Launch(Spin, config => config with { Restore = new SnapshotFiles(2, 3, "the huge one") }, huge, memory);
        VmmException error = await Assert.ThrowsAsync<VmmException>(() => vmm.Started.WaitAsync(s_limit));
        Assert.Equal("snapshot_failed", error.Code);
        Assert.Contains("the huge one: has a state file of 10737418240 bytes", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Only_a_detached_machine_outlives_the_process_that_started_it(bool detached)
    {
        // What a starting process leaves when it dies: a closed socket.
        (FileDescriptor ours, FileDescriptor theirs) = DescriptorPassing.CreatePair();
        using SafeFileHandle nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using ChildProcess child = ChildProcess.Start(
            Executable, [Executable, VmmHost.Verb], [], [(0, nothing), (1, nothing), (2, nothing), (VmmHost.ControlDescriptor, theirs)], ChildOptions.NewSession);
        theirs.Dispose();
        using (var control = new ControlSocket(ours))
        {
            using KvmSystem kvm = KvmSystem.Open();
            using var handle = new SafeFileHandle(kvm.Number, ownsHandle: false);
            using FileStream kernel = TinyElf.Open(TinyElf.Build(Assemble(64, Spin)));
            control.SendConfig(Config with { Detached = detached }, [handle, kernel.SafeFileHandle]);
            Assert.True(control.TryReceive(ProcessJson.Default.VmmEvent, out VmmEvent? first));
            Assert.IsType<MachineStarted>(first);
        }

        if (detached)
        {
            await Task.Delay(500);
            Assert.True(IsAlive(child.Pid), "the detached machine ended with its parent");
            Assert.True(child.TryKill());
        }

        Assert.Equal(detached ? 9 : 0, (await Task.Run(child.Wait).WaitAsync(s_limit)).Signal);
    }

    internal static string Executable { get; } = FindExecutable();

    private static MachineConfig Config => new()
    {
        MachineId = "test",
        VcpuCount = 1,
        MemMib = 32,
        KvmDescriptor = 0,
        KernelDescriptor = 1,
        KernelName = "tiny",
        Rng = false,
    };

    private static VmmProcess Launch(Action<Assembler> code, Func<MachineConfig, MachineConfig>? change = null, params SafeFileHandle[] more) =>
        Launch(TinyElf.Build(Assemble(64, code)), change ?? (static config => config), more);

    private static VmmProcess Launch(byte[] kernel, Func<MachineConfig, MachineConfig> change, params SafeFileHandle[] more)
    {
        using KvmSystem kvm = KvmSystem.Open();
        using var handle = new SafeFileHandle(kvm.Number, ownsHandle: false);
        using FileStream file = TinyElf.Open(kernel);
        return VmmProcess.Launch(Executable, change(Config), [handle, file.SafeFileHandle, .. more]);
    }

    internal static async Task GoneAsync(int pid)
    {
        var watch = Stopwatch.StartNew();
        while (IsAlive(pid))
        {
            Assert.True(watch.Elapsed < s_limit, $"the VMM process {pid} did not end");
            await Task.Delay(10);
        }
    }

    // A zombie that nobody has waited for yet is no process any more.
    private static bool IsAlive(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] != 'Z';
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return false;
        }
    }

    private static string FindExecutable([CallerFilePath] string file = "")
    {
        string path = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "..", "out", "pyro"));
        Assert.True(File.Exists(path), $"{path} is not there: ./build.sh makes it, and test.sh calls that.");
        return path;
    }
}
