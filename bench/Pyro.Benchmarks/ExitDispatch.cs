using BenchmarkDotNet.Attributes;
using Pyro.Vmm.Buses;

namespace Pyro.Benchmarks;

/// <summary>From an exit's address to the device that answers it, on a bus as full as a large machine's.</summary>
[MemoryDiagnoser]
public class ExitDispatch
{
    private const int Devices = 19;
    private const ulong Window = 0x1000;

    private readonly Bus _bus = new();
    private readonly byte[] _data = new byte[4];

    [GlobalSetup]
    public void Setup()
    {
        for (ulong i = 0; i < Devices; i++)
            _bus.Add(0xd0000000 + (i * Window), Window, new Register());
    }

    [Benchmark]
    public void Read_the_last_device() => _bus.Read(0xd0000000 + ((Devices - 1) * Window) + 0x60, _data);

    [Benchmark]
    public void Read_where_nothing_is() => _bus.Read(0xc0000000, _data);

    private sealed class Register : IBusDevice
    {
        public void Read(ulong offset, Span<byte> data) => data.Clear();

        public void Write(ulong offset, ReadOnlySpan<byte> data)
        {
        }
    }
}
