using System.Diagnostics;
using Pyro.Vmm.Buses;

namespace Pyro.Bench;

/// <summary>The port that the tiny kernel writes to: notes when.</summary>
internal sealed class FirstWrite : IBusDevice, IDisposable
{
    private readonly ManualResetEventSlim _written = new();

    /// <summary>The <see cref="Stopwatch"/>'s time of the write.</summary>
    internal long Time { get; private set; }

    public void Read(ulong offset, Span<byte> data) => data.Fill(0xff);

    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        Time = Stopwatch.GetTimestamp();
        _written.Set();
    }

    public void Dispose() => _written.Dispose();

    internal bool Wait(TimeSpan limit) => _written.Wait(limit);
}
