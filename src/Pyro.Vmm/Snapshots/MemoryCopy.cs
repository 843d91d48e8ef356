using System.Numerics;
using System.Runtime.CompilerServices;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Snapshots;

/// <summary>
/// One pass over guest memory: writes what is not zero, and notes extents and checksums on the way. Runs in this process
/// while the machine is paused, or in a copy of it while the machine goes on (<see cref="MemoryImage"/>).
/// </summary>
/// <remarks>
/// The copy of a process has one thread, and locks of the runtime that nobody will ever let go. So nothing here allocates,
/// throws, uses a static field or calls anything but system calls, and of those only by
/// <see cref="Libc.syscall_in_place"/>, which the runtime does not notice. What may be a call of its own is inlined, and
/// <see cref="Prepare"/> has the rest compiled and bound beforehand.
/// </remarks>
internal static unsafe class MemoryCopy
{
    private const ulong PageSize = GuestMemory.PageSize;

    /// <summary>Zeroes shorter than this do not end an extent: each extent is a mapping, and mappings cost more than zeroes.</summary>
    internal const ulong ShortGap = 256 << 10;

    private const ulong MaxWrite = 1 << 20;

    /// <summary>Goes once through all that the copy of a process calls.</summary>
    internal static void Prepare()
    {
        MemoryCopyRegion nothing = default;
        MemoryCopyJob job = new() { Regions = &nothing, RegionCount = 1, File = -1 };
        Run(&job);
        _ = Libc.syscall_in_place(Uapi.__NR_getppid, 0, 0, 0, 0, 0);
        _ = *Libc.errno_in_place();
    }

    /// <summary>Makes a copy of this process that does the work and ends.</summary>
    /// <returns>The new process's number, or a negative error number.</returns>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static int RunInCopy(MemoryCopyJob* job)
    {
        // No signal at its end, so that nobody here takes it for a child of their own.
        nint pid = Libc.syscall_in_place(Uapi.__NR_clone, 0, 0, 0, 0, 0);
        if (pid != 0)
            return (int)(pid > 0 ? pid : -*Libc.errno_in_place());

        job->Started = 1;
        // It ends with the thread that made it, and keeps nothing open that others wait for the end of.
        _ = Libc.syscall_in_place(Uapi.__NR_prctl, Uapi.PR_SET_PDEATHSIG, Uapi.SIGKILL, 0, 0, 0);
        if (Libc.syscall_in_place(Uapi.__NR_getppid, 0, 0, 0, 0, 0) == job->Process)
        {
            if (job->File > 0)
                _ = Libc.syscall_in_place(Uapi.__NR_close_range, 0, job->File - 1, 0, 0, 0);
            _ = Libc.syscall_in_place(Uapi.__NR_close_range, job->File + 1, int.MaxValue, 0, 0, 0);
            Run(job);
        }

        while (true)
            _ = Libc.syscall_in_place(Uapi.__NR_exit_group, 0, 0, 0, 0, 0);
    }

    /// <summary>Does the work here.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Run(MemoryCopyJob* job)
    {
        long error = 0;
        job->ExtentCount = 0;
        for (int i = 0; i < job->RegionCount && error == 0; i++)
            error = CopyRegion(job, &job->Regions[i], job->Regions[i].FileOffset);
        job->Error = error;
        job->Finished = 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static long CopyRegion(MemoryCopyJob* job, MemoryCopyRegion* region, ulong fileOffset)
    {
        ulong extent = 0, extentEnd = 0, run = 0, runEnd = 0;
        uint checksum = uint.MaxValue;
        bool open = false;
        for (ulong at = 0; at < region->Length; at += PageSize)
        {
            // SAFETY: at is a page within the region, whose mapping outlives the job.
            if (IsZero((ulong*)(region->Host + at)))
                continue;
            if (runEnd != at || at - run == MaxWrite)
            {
                long error = Write(job, region->Host + run, runEnd - run, fileOffset + run);
                if (error != 0)
                    return error;
                run = at;
            }

            if (open && at - extentEnd >= ShortGap)
            {
                if (!Add(job, region->Start + extent, extentEnd - extent, checksum))
                    return Uapi.EOVERFLOW;
                open = false;
            }

            if (!open)
            {
                extent = extentEnd = at;
                checksum = uint.MaxValue;
                open = true;
            }

            runEnd = at + PageSize;
            // The zeroes before this page belong to the extent too.
            checksum = Checksum((ulong*)(region->Host + extentEnd), (ulong*)(region->Host + runEnd), checksum);
            extentEnd = runEnd;
        }

        if (open && !Add(job, region->Start + extent, extentEnd - extent, checksum))
            return Uapi.EOVERFLOW;
        return Write(job, region->Host + run, runEnd - run, fileOffset + run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsZero(ulong* page)
    {
        for (ulong* end = page + (PageSize / sizeof(ulong)); page < end; page += 8)
        {
            if ((page[0] | page[1] | page[2] | page[3] | page[4] | page[5] | page[6] | page[7]) != 0)
                return false;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Checksum(ulong* from, ulong* end, uint checksum)
    {
        for (; from < end; from++)
            checksum = BitOperations.Crc32C(checksum, *from);
        return checksum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Add(MemoryCopyJob* job, ulong address, ulong length, uint checksum)
    {
        if (job->ExtentCount == job->ExtentRoom)
            return false;
        MemoryExtent* extent = job->Extents + job->ExtentCount++;
        // SAFETY: an extent is three values one behind the other; its constructor may be a call.
        ((ulong*)extent)[0] = address;
        ((ulong*)extent)[1] = length;
        ((ulong*)extent)[2] = checksum;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Write(MemoryCopyJob* job, byte* from, ulong length, ulong offset)
    {
        while (length > 0)
        {
            nint written = Libc.syscall_in_place(Uapi.__NR_pwrite64, job->File, (nint)from, (nint)length, (nint)offset, 0);
            if (written <= 0)
            {
                long error = written == 0 ? Uapi.ENOSPC : *Libc.errno_in_place();
                if (error == Uapi.EINTR)
                    continue;
                return error;
            }

            from += written;
            offset += (ulong)written;
            length -= (ulong)written;
        }

        return 0;
    }
}
