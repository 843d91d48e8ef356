using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Snapshots;

/// <summary>
/// A memory file in the making: a machine's memory at one moment. The moment is kept by a copy of this process, as
/// <c>fork(2)</c> makes it: the kernel copies a page when either side writes to it, whatever the page is backed by.
/// </summary>
internal sealed unsafe class MemoryImage : IDisposable
{
    /// <summary><c>__WALL</c> of linux/wait.h: children without a signal at their end too.</summary>
    private const int WaitForAnyKind = 0x40000000;

    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(1);

    private readonly SafeFileHandle _file;
    private readonly nuint _length;
    private readonly MemoryCopyJob* _job;
    private readonly bool _holdsFile;
    private int _process;

    private MemoryImage(GuestMemory memory, SafeFileHandle file)
    {
        _file = file;
        ulong extents = (memory.Size / MemoryCopy.ShortGap) + (ulong)memory.Regions.Count;
        ulong regionBytes = (ulong)memory.Regions.Count * (ulong)sizeof(MemoryCopyRegion);
        _length = (nuint)((ulong)sizeof(MemoryCopyJob) + regionBytes + (extents * (ulong)sizeof(MemoryExtent)));
        _job = (MemoryCopyJob*)Libc.mmap(null, _length, Uapi.PROT_READ | Uapi.PROT_WRITE, Uapi.MAP_SHARED | Uapi.MAP_ANONYMOUS | Uapi.MAP_NORESERVE, -1, 0);
        if ((nint)_job == -1)
            throw LinuxException.Last("mmap", "the list of what a snapshot's memory holds");
        file.DangerousAddRef(ref _holdsFile);
        _job->Process = Environment.ProcessId;
        _job->File = (int)file.DangerousGetHandle();
        // SAFETY: the mapping has room for the job, the regions behind it and the extents behind those.
        _job->Regions = (MemoryCopyRegion*)(_job + 1);
        _job->RegionCount = memory.Regions.Count;
        _job->Extents = (MemoryExtent*)(_job->Regions + _job->RegionCount);
        _job->ExtentRoom = (long)extents;
        ulong offset = 0;
        for (int i = 0; i < _job->RegionCount; i++)
        {
            MemoryRegion region = memory.Regions[i];
            _job->Regions[i] = new MemoryCopyRegion { Host = (byte*)region.Host, Start = region.Start.Value, Length = region.Length, FileOffset = offset };
            offset += region.Length;
        }
    }

    /// <summary>Whether the machine may go on before <see cref="Finish"/> has returned.</summary>
    internal bool IsLive => _process != 0;

    /// <summary>
    /// Keeps this moment's memory, and begins to write it. Where the host makes no copy of the process, memory is
    /// written before this returns.
    /// </summary>
    /// <param name="memory">The memory of a paused machine.</param>
    /// <param name="file">An empty file.</param>
    /// <param name="mayBeLive">False to write before returning in any case.</param>
    /// <exception cref="IOException">The file cannot be made as long as it must be.</exception>
    internal static MemoryImage Begin(GuestMemory memory, SafeFileHandle file, bool mayBeLive)
    {
        RandomAccess.SetLength(file, (long)memory.Size);
        var image = new MemoryImage(memory, file);
        if (!mayBeLive || !image.TryCopyProcess())
            MemoryCopy.Run(image._job);
        return image;
    }

    /// <summary>Waits until all is written. Belongs to the thread that began: the copy of the process ends with it.</summary>
    /// <returns>What the file holds.</returns>
    /// <exception cref="IOException">The host's disk is full or fails, or the copy of the process was killed.</exception>
    internal MemoryExtent[] Finish()
    {
        ExitStatus end = _process != 0 ? Reap() : default;
        if (_job->Finished == 0)
            throw new IOException($"the process that wrote the snapshot's memory {(end.Signal != 0 ? $"was killed by signal {end.Signal}" : "ended early")}");
        if (_job->Error != 0)
            throw new LinuxException("write", "the snapshot's memory", (int)_job->Error);
        return new ReadOnlySpan<MemoryExtent>(_job->Extents, (int)_job->ExtentCount).ToArray();
    }

    /// <summary>Gives up what is not finished.</summary>
    public void Dispose()
    {
        if (_process != 0)
            KillAndReap();
        if (_holdsFile)
            _file.DangerousRelease();
        _ = Libc.munmap(_job, _length);
    }

    private bool TryCopyProcess()
    {
        MemoryCopy.Prepare();
        // The runtime's handlers would run in the copy too, and find their pipe closed.
        __sigset_t all;
        __sigset_t before;
        // SAFETY: the sets are locals, and what is copied goes on in this frame's code alone.
        _ = Libc.sigfillset(&all);
        _ = Libc.pthread_sigmask(Uapi.SIG_BLOCK, &all, &before);
        int process = MemoryCopy.RunInCopy(_job);
        _ = Libc.pthread_sigmask(Uapi.SIG_SETMASK, &before, null);
        if (process < 0)
            return false;
        _process = process;

        // If the runtime was about to stop its threads, say for a garbage collection, the copy waits for ever for a runtime
        // that is not there. Once it has started, it asks nothing of one.
        long begin = Stopwatch.GetTimestamp();
        var spin = default(SpinWait);
        while (_job->Started == 0)
        {
            if (Stopwatch.GetElapsedTime(begin) > s_startLimit)
            {
                KillAndReap();
                return false;
            }

            spin.SpinOnce(sleep1Threshold: -1);
        }

        return true;
    }

    private void KillAndReap()
    {
        _ = Libc.kill(_process, Uapi.SIGKILL);
        _ = Reap();
    }

    private ExitStatus Reap()
    {
        int status;
        // SAFETY: the kernel writes the status to a local.
        while (Libc.waitpid(_process, &status, WaitForAnyKind) < 0)
        {
            LinuxException error = LinuxException.Last("waitpid", "the process that writes a snapshot's memory");
            if (error.Errno != Uapi.EINTR)
                throw error;
        }

        _process = 0;
        return ExitStatus.Decode(status);
    }
}
