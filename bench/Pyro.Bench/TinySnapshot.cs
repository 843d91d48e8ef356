using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Vmm;
using Pyro.Vmm.Boot;
using Pyro.Vmm.Buses;
using Pyro.Vmm.Devices;

namespace Pyro.Bench;

/// <summary>A machine of a tiny kernel (128 MiB, one vCPU), saved while the guest waits for its port to say go on.</summary>
internal sealed class TinySnapshot : IDisposable
{
    private static readonly MachineOptions s_options = new() { Console = new ConsoleLog(null), MemoryBytes = 128UL << 20 };

    private readonly string _folder = Directory.CreateTempSubdirectory("pyro-bench-").FullName;
    private readonly SafeFileHandle _state;
    private readonly SafeFileHandle _memory;

    private TinySnapshot()
    {
        _state = Create("state");
        _memory = Create("memory");
    }

    internal static TinySnapshot Take(KvmSystem system)
    {
        var snapshot = new TinySnapshot();
        try
        {
            snapshot.Save(system);
            return snapshot;
        }
        catch
        {
            snapshot.Dispose();
            throw;
        }
    }

    /// <summary>As a VMM process does it: reads the state file, builds a machine, and gives it the state.</summary>
    internal Machine Restore(KvmSystem system, IBusDevice port)
    {
        byte[] state = new byte[RandomAccess.GetLength(_state)];
        RandomAccess.Read(_state, state, 0);
        var machine = new Machine(system, s_options with { Console = new ConsoleLog(null), WillRestore = true });
        machine.Ports.Add(TinyKernel.Port, 1, port);
        machine.Restore(state, "tiny", _memory);
        return machine;
    }

    public void Dispose()
    {
        _state.Dispose();
        _memory.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Save(KvmSystem system)
    {
        string path = Path.Combine(_folder, "tiny.elf");
        TinyKernel.Write(path, TinyKernel.WritesWhenTold);
        using SafeFileHandle kernel = File.OpenHandle(path);
        using var port = new ClosedPort();
        using var machine = new Machine(system, s_options);
        machine.Ports.Add(TinyKernel.Port, 1, port);
        machine.LoadKernel(kernel, "tiny kernel", null, "", BootProtocol.Linux64);
        machine.Start();
        port.WaitForReader();
        machine.Pause();
        RandomAccess.Write(_state, machine.Save(system, [], _memory), 0);
    }

    private SafeFileHandle Create(string name) =>
        File.OpenHandle(Path.Combine(_folder, name), FileMode.CreateNew, FileAccess.ReadWrite);

    /// <summary>Does not say go on, and tells when it is asked.</summary>
    private sealed class ClosedPort : IBusDevice, IDisposable
    {
        private readonly ManualResetEventSlim _asked = new();

        public void Read(ulong offset, Span<byte> data)
        {
            data.Clear();
            _asked.Set();
        }

        public void Write(ulong offset, ReadOnlySpan<byte> data)
        {
        }

        public void Dispose() => _asked.Dispose();

        internal void WaitForReader()
        {
            if (!_asked.Wait(TimeSpan.FromSeconds(10)))
                throw new BenchException("the guest did not come to its port in ten seconds");
        }
    }
}
