using Iced.Intel;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Vmm.Boot;
using Pyro.Vmm.Devices;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Snapshots;
using Pyro.Vmm.Tests.Boot;
using Pyro.Vmm.Tests.Disks;
using Pyro.Vmm.Virtio;

namespace Pyro.Vmm.Tests.Snapshots;

/// <summary>
/// What tests of live snapshots share: files that are gone with the test, machines whose guest is a few instructions, and
/// the number in its memory by which such a guest tells how far it is.
/// </summary>
public abstract class LiveTest : IDisposable
{
    private protected static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly List<SafeFileHandle> _files = [];

    private protected KvmSystem Kvm { get; } = KvmSystem.Open();

    public void Dispose()
    {
        Kvm.Dispose();
        foreach (SafeFileHandle file in _files)
            file.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected SafeFileHandle NewFile()
    {
        SafeFileHandle file = TestDisk.NewFile();
        _files.Add(file);
        return file;
    }

    private protected Machine NewMachine(ulong memoryBytes, VirtioDevice device, bool willRestore = false) =>
        new(Kvm, new MachineOptions { Console = new ConsoleLog(null), MemoryBytes = memoryBytes, Devices = [device], WillRestore = willRestore });

    private protected Machine Restored(LiveSnapshot snapshot, SafeFileHandle memory, ulong memoryBytes, VirtioDevice device)
    {
        Machine machine = NewMachine(memoryBytes, device, willRestore: true);
        machine.Restore(snapshot.State, "live", memory);
        return machine;
    }

    private protected static void Load(Machine machine, Action<Assembler> guest)
    {
        using FileStream kernel = TinyElf.Open(TinyElf.Build(TinyGuest.Assemble(64, guest)));
        machine.LoadKernel(kernel.SafeFileHandle, "tiny", null, "", BootProtocol.Linux64);
    }

    private protected Task<(LiveSnapshot Snapshot, SafeFileHandle Memory)> SaveAsync(Machine machine, params SafeFileHandle[] layers)
    {
        SafeFileHandle memory = NewFile();
        return Task.Run(() => (machine.SaveLive(Kvm, [], memory, layers), memory));
    }

    private protected static long NumberAt(Machine machine, ulong address)
    {
        Assert.True(machine.Memory.TryRead(new GuestAddress(address), out long number));
        return number;
    }

    private protected static async Task UntilAsync(Machine machine, ulong address, long number) =>
        Assert.True(
            await Task.Run(() => SpinWait.SpinUntil(() => NumberAt(machine, address) >= number || machine.Exited.IsCompleted, s_limit)) && !machine.Exited.IsCompleted,
            $"the machine stays at {NumberAt(machine, address)}: {(machine.Exited.IsCompleted ? machine.Exited.Result : null)}");
}
