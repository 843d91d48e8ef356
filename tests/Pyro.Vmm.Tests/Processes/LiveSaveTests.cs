using System.Diagnostics;
using Iced.Intel;
using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Processes;
using Pyro.Vmm.Snapshots;
using Pyro.Vmm.Tests.Boot;
using Pyro.Vmm.Tests.Snapshots;
using Xunit.Abstractions;
using static Iced.Intel.AssemblerRegisters;
using static Pyro.Vmm.Tests.TinyGuest;

namespace Pyro.Vmm.Tests.Processes;

/// <summary>Snapshots of running machines in VMM processes, of the published executable, on this host's own <c>/dev/kvm</c>.</summary>
[Collection(AloneCollection.Name)]
public sealed class LiveSaveTests(ITestOutputHelper output) : LiveTest
{
    private const int Megabytes = 128;

    /// <summary>So much that looking through it takes longer than what a test does meanwhile; all of it is zero.</summary>
    private const int ManyMegabytes = 6144;

    [Fact]
    public async Task A_machine_goes_on_and_its_children_go_on_from_there()
    {
        SafeFileHandle console = NewFile(), savedState = NewFile(), savedMemory = NewFile();
        await using VmmProcess source = Launch(Megabytes, console, save: (savedState, savedMemory));
        await PrintsAsync(console);
        for (int generation = 0; generation < 3; generation++)
        {
            SafeFileHandle state = NewFile(), memory = NewFile();
            MachineSavedLive saved = await source.SaveLiveAsync(state, memory, [], sync: generation == 0).WaitAsync(s_limit);
            Assert.Null(saved.Error);
            Assert.True(saved.MemoryWrittenLive);
            output.WriteLine($"paused {saved.PauseNs / 1000} us, copied for {saved.CopyNs / 1000} us");
            SafeFileHandle childConsole = NewFile(), childState = NewFile(), childMemory = NewFile();
            await using VmmProcess child = Launch(Megabytes, childConsole, restore: (state, memory));
            await PrintsAsync(childConsole);
            MachineSavedLive again = await child.SaveLiveAsync(childState, childMemory, []).WaitAsync(s_limit);
            Assert.Null(again.Error);
            SafeFileHandle grandchildConsole = NewFile();
            await using VmmProcess grandchild = Launch(Megabytes, grandchildConsole, restore: (childState, childMemory));
            await PrintsAsync(grandchildConsole);
            await PrintsAsync(childConsole);
            await PrintsAsync(console);
        }

        long begin = Stopwatch.GetTimestamp();
        Assert.Null((await source.SaveAsync().WaitAsync(s_limit)).Error);
        output.WriteLine($"saved while paused in {Stopwatch.GetElapsedTime(begin).TotalMicroseconds:F0} us");
        MachineSavedLive late = await source.SaveLiveAsync(NewFile(), NewFile(), []).WaitAsync(s_limit);
        Assert.Contains("is paused", late.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_while_another_is_under_way_is_refused_by_name()
    {
        SafeFileHandle console = NewFile();
        await using VmmProcess source = Launch(ManyMegabytes, console);
        await PrintsAsync(console);
        Task<MachineSavedLive> first = source.SaveLiveAsync(NewFile(), NewFile(), []);
        MachineSavedLive second = await source.SaveLiveAsync(NewFile(), NewFile(), []).WaitAsync(s_limit);
        Assert.Contains("another snapshot", second.Error, StringComparison.Ordinal);
        Assert.Null((await first.WaitAsync(s_limit)).Error);
        Assert.Null((await source.SaveLiveAsync(NewFile(), NewFile(), []).WaitAsync(s_limit)).Error);
        await PrintsAsync(console);
    }

    [Fact]
    public async Task That_the_machine_goes_on_is_told_while_its_memory_is_still_being_written()
    {
        SafeFileHandle console = NewFile(), state = NewFile();
        await using VmmProcess source = Launch(ManyMegabytes, console);
        await PrintsAsync(console);
        var wentOn = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<MachineSavedLive> saving = source.SaveLiveAsync(state, NewFile(), [], wentOn: wentOn.SetResult);
        Assert.Equal(0, await wentOn.Task.WaitAsync(s_limit));
        Assert.Equal(0, RandomAccess.GetLength(state));
        await PrintsAsync(console);
        Assert.Null((await saving.WaitAsync(s_limit)).Error);
        Assert.NotEqual(0, RandomAccess.GetLength(state));
    }

    [Fact]
    public async Task A_request_with_the_wrong_files_is_refused_and_the_machine_goes_on()
    {
        SafeFileHandle console = NewFile();
        await using VmmProcess source = Launch(Megabytes, console);
        await PrintsAsync(console);
        MachineSavedLive answer = await source.SaveLiveAsync(NewFile(), NewFile(), [NewFile()], wentOn: _ => Assert.Fail("it was never paused")).WaitAsync(s_limit);
        Assert.Contains("0 disks", answer.Error, StringComparison.Ordinal);
        await PrintsAsync(console);
    }

    [Fact]
    public async Task A_process_that_is_killed_meanwhile_leaves_no_snapshot_and_no_process()
    {
        SafeFileHandle console = NewFile(), state = NewFile(), memory = NewFile();
        await using VmmProcess source = Launch(ManyMegabytes, console);
        await PrintsAsync(console);
        Task<MachineSavedLive> saving = source.SaveLiveAsync(state, memory, []);
        int copy = 0;
        Assert.True(SpinWait.SpinUntil(() => (copy = ChildOf(source.ProcessId)) != 0, s_limit));
        using (Process process = Process.GetProcessById(source.ProcessId))
            process.Kill();

        Assert.Contains("ended before", (await saving.WaitAsync(s_limit)).Error, StringComparison.Ordinal);
        await VmmProcessTests.GoneAsync(copy);
        byte[] left = new byte[RandomAccess.GetLength(state)];
        RandomAccess.Read(state, left, 0);
        Assert.Throws<SnapshotException>(() => SnapshotFile.Parse(left, "killed"));
        MachineSavedLive late = await source.SaveLiveAsync(NewFile(), NewFile(), []).WaitAsync(s_limit);
        Assert.Contains("ended before", late.Error, StringComparison.Ordinal);
    }

    private VmmProcess Launch(
        int megabytes, SafeFileHandle console, (SafeFileHandle State, SafeFileHandle Memory)? save = null, (SafeFileHandle State, SafeFileHandle Memory)? restore = null)
    {
        using var handle = new SafeFileHandle(Kvm.Number, ownsHandle: false);
        // Writes one line after the other, for ever.
        using FileStream kernel = TinyElf.Open(TinyElf.Build(Assemble(64, a =>
        {
            Label again = a.CreateLabel(), wait = a.CreateLabel();
            a.Label(ref again);
            Print(a, "x\n");
            a.mov(ecx, 200);
            a.Label(ref wait);
            a.dec(ecx);
            a.jne(wait);
            a.jmp(again);
        })));
        List<SafeFileHandle> descriptors = [handle, kernel.SafeFileHandle, console];
        return VmmProcess.Launch(
            VmmProcessTests.Executable,
            new MachineConfig
            {
                MachineId = "live",
                VcpuCount = 1,
                MemMib = megabytes,
                KvmDescriptor = 0,
                KernelDescriptor = 1,
                KernelName = "tiny",
                Rng = true,
                ConsoleDescriptor = 2,
                Save = Add(save),
                Restore = Add(restore),
            },
            descriptors.ToArray());

        SnapshotFiles? Add((SafeFileHandle State, SafeFileHandle Memory)? files)
        {
            if (files is not (SafeFileHandle state, SafeFileHandle memory))
                return null;
            descriptors.AddRange([state, memory]);
            return new SnapshotFiles(descriptors.Count - 2, descriptors.Count - 1, "live");
        }
    }

    private static async Task PrintsAsync(SafeFileHandle console)
    {
        long before = RandomAccess.GetLength(console);
        Assert.True(await Task.Run(() => SpinWait.SpinUntil(() => RandomAccess.GetLength(console) > before, s_limit)), "the guest prints nothing");
    }

    // Of any of its threads.
    private static int ChildOf(int process)
    {
        foreach (string thread in Directory.EnumerateDirectories($"/proc/{process}/task"))
        {
            try
            {
                string[] children = File.ReadAllText($"{thread}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (children.Length > 0)
                    return int.Parse(children[0], System.Globalization.CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // The thread has ended since.
            }
        }

        return 0;
    }
}
