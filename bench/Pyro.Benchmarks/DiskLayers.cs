using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Disks;
using Pyro.Vmm.Memory;

namespace Pyro.Benchmarks;

/// <summary>What a copy-on-write layer costs beside a raw image, in the page cache: 4 KiB at random places.</summary>
[MemoryDiagnoser]
public unsafe class DiskLayers : IDisposable
{
    private const ulong Length = 64 << 20;
    private const uint Block = 4096;

    private readonly Random _random = new(1);
    private RawDisk _raw = null!;
    private OverlayDisk _overlay = null!;
    private void* _buffer;
    private IoVector[] _vector = [];

    [GlobalSetup]
    public void Setup()
    {
        _buffer = NativeMemory.AllocZeroed(Block);
        _vector = [new((nint)_buffer, Block)]; // the buffer lives until Dispose
        _raw = new RawDisk(Image(), "raw", readOnly: false);
        _overlay = OverlayDisk.Create(ThrowAwayFile.Create(Path.GetTempPath()), "layer", new RawDisk(Image(), "base", readOnly: true), DiskDurability.ThrowAway);
        for (ulong at = 0; at < Length; at += 2 * Block)
            _overlay.Write(at, Vector); // every other block is the layer's own
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _raw.Dispose();
        _overlay.Dispose();
        NativeMemory.Free(_buffer);
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public void Read_raw() => _raw.Read(Place(), Vector);

    [Benchmark]
    public void Read_layered() => _overlay.Read(Place(), Vector);

    [Benchmark]
    public void Write_raw() => _raw.Write(Place(), Vector);

    [Benchmark]
    public void Write_layered() => _overlay.Write(Place(), Vector);

    private ReadOnlySpan<IoVector> Vector => _vector;

    private ulong Place() => (ulong)_random.Next((int)(Length / Block)) * Block;

    private static SafeFileHandle Image()
    {
        SafeFileHandle file = ThrowAwayFile.Create(Path.GetTempPath());
        RandomAccess.SetLength(file, (long)Length);
        RandomAccess.Write(file, new byte[Length], 0);
        return file;
    }
}
