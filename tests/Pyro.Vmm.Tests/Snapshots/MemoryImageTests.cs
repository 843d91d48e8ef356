using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;
using Pyro.Vmm.Snapshots;
using Pyro.Vmm.Tests.Disks;

namespace Pyro.Vmm.Tests.Snapshots;

/// <summary>Memory that is written to a file while somebody writes to it.</summary>
[Collection(AloneCollection.Name)]
public sealed class MemoryImageTests : IDisposable
{
    private const int Size = 128 << 20;
    private const int MappedAt = 32 << 20;
    private const int MappedLength = 16 << 20;

    private readonly GuestMemory _memory = GuestMemory.Create(Size);
    private readonly SafeFileHandle _file = TestDisk.NewFile();

    public void Dispose()
    {
        _memory.Dispose();
        _file.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_file_is_the_memory_of_the_moment_whatever_is_written_afterwards(bool live)
    {
        Fill();
        byte[] expected = [.. Content];
        using MemoryImage image = MemoryImage.Begin(_memory, _file, live);
        Assert.Equal(live, image.IsLive);
        Content.Fill(0xee);
        MemoryExtent[] extents = image.Finish();
        AssertFileIs(expected);
        AssertCovers(extents, expected);
        Assert.False(Content.ContainsAnyExcept((byte)0xee));
    }

    [Fact]
    public void Both_ways_make_the_same_file()
    {
        Fill();
        using SafeFileHandle other = TestDisk.NewFile();
        using MemoryImage live = MemoryImage.Begin(_memory, _file, mayBeLive: true);
        using MemoryImage paused = MemoryImage.Begin(_memory, other, mayBeLive: false);
        Assert.Equal(paused.Finish(), live.Finish());
        Assert.Equal(Blocks(other), Blocks(_file));
    }

    [Fact]
    public void What_was_written_is_mapped_again()
    {
        Fill();
        byte[] expected = [.. Content];
        MemoryExtent[] extents;
        using (MemoryImage image = MemoryImage.Begin(_memory, _file, mayBeLive: true))
            extents = image.Finish();
        using GuestMemory again = GuestMemory.Create(Size);
        MemoryFile.Map(again, _file, extents, "test", verify: true);
        Assert.True(expected.AsSpan().SequenceEqual(again.GetSpan(new GuestAddress(0), Size)));
    }

    [Fact]
    public void Memory_that_is_all_zero_has_no_extent_and_takes_no_space()
    {
        using MemoryImage image = MemoryImage.Begin(_memory, _file, mayBeLive: true);
        Assert.Empty(image.Finish());
        Assert.Equal(Size, RandomAccess.GetLength(_file));
        Assert.Equal(0, Blocks(_file));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_an_error_with_its_reason()
    {
        Fill();
        using SafeFileHandle sealedFile = new(Libc.memfd_create("sealed", Uapi.MFD_ALLOW_SEALING), ownsHandle: true);
        RandomAccess.SetLength(sealedFile, Size);
        Assert.Equal(0, Libc.fcntl(sealedFile, Uapi.F_ADD_SEALS, Uapi.F_SEAL_WRITE));
        foreach (bool live in (bool[])[true, false])
        {
            using MemoryImage image = MemoryImage.Begin(_memory, sealedFile, live);
            LinuxException error = Assert.Throws<LinuxException>(() => image.Finish());
            Assert.Equal(Uapi.EPERM, error.Errno);
        }
    }

    [Fact]
    public async Task A_copy_that_is_killed_is_an_error_and_leaves_no_process()
    {
        // The copy ends with the thread that made it, so everything is on one.
        await Task.Factory.StartNew(
            () =>
            {
                Fill();
                using MemoryImage image = MemoryImage.Begin(_memory, _file, mayBeLive: true);
                int copy = Children().Single();
                Assert.Equal(0, Libc.kill(copy, Uapi.SIGKILL));
                IOException error = Assert.Throws<IOException>(() => image.Finish());
                Assert.Contains("signal 9", error.Message, StringComparison.Ordinal);
                Assert.Empty(Children());

                using (MemoryImage second = MemoryImage.Begin(_memory, _file, mayBeLive: true))
                    Assert.Single(Children());
                Assert.Empty(Children());
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    [Fact]
    public async Task Where_no_process_can_be_copied_memory_is_written_at_once_and_that_is_said()
    {
        await Task.Factory.StartNew(
            () =>
            {
                Fill();
                byte[] expected = [.. Content];
                ForbidClone();
                using MemoryImage image = MemoryImage.Begin(_memory, _file, mayBeLive: true);
                Assert.False(image.IsLive);
                Content.Fill(0xee);
                AssertCovers(image.Finish(), expected);
                AssertFileIs(expected);
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    [Fact]
    public async Task A_copy_minds_no_signal_but_the_one_that_kills()
    {
        using var handler = PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => { });
        await Task.Factory.StartNew(
            () =>
            {
                Fill();
                using MemoryImage image = MemoryImage.Begin(_memory, _file, mayBeLive: true);
                foreach (int signal in (int[])[Uapi.SIGCONT, Uapi.SIGTERM, Uapi.SIGINT, Uapi.SIGQUIT, Uapi.SIGHUP])
                    Assert.Equal(0, Libc.kill(Children().Single(), signal));
                Assert.NotEmpty(image.Finish());
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    [Fact]
    public async Task A_copy_has_nothing_open_but_its_file()
    {
        await Task.Factory.StartNew(
            () =>
            {
                Fill();
                using MemoryImage image = MemoryImage.Begin(_memory, _file, mayBeLive: true);
                int copy = Children().Single();
                // Stopped, so that it cannot end before it was looked at.
                Assert.Equal(0, Libc.kill(copy, Uapi.SIGSTOP));
                string[] open = Open(copy);
                for (int tries = 0; open.Length > 1 && tries < 100; tries++)
                {
                    Assert.Equal(0, Libc.kill(copy, Uapi.SIGCONT));
                    Assert.Equal(0, Libc.kill(copy, Uapi.SIGSTOP));
                    open = Open(copy);
                }

                Assert.Equal([$"/proc/{copy}/fd/{_file.DangerousGetHandle()}"], open);
                Assert.Equal(0, Libc.kill(copy, Uapi.SIGCONT));
                Assert.NotEmpty(image.Finish());
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    private Span<byte> Content => _memory.GetSpan(new GuestAddress(0), Size);

    // Noise, holes of many lengths, and a file that is mapped and was written to here and there.
    private void Fill()
    {
        var random = new Random(20261121);
        byte[] noise = TestDisk.RandomBytes(random, Size);
        using SafeFileHandle mapped = TestDisk.NewFile(noise.AsSpan(0, MappedLength));
        _memory.MapFile(new GuestAddress(MappedAt), MappedLength, mapped, 0);
        for (int at = 0; at < MappedAt;)
        {
            int length = 4096 * random.Next(1, 200);
            length = Math.Min(length, MappedAt - at);
            noise.AsSpan(at, length).CopyTo(Content[at..]);
            at += length + (4096 * random.Next(1, 200));
        }

        for (int i = 0; i < 100; i++)
            Content[MappedAt + random.Next(MappedLength)]++;
        noise.AsSpan((MappedAt + MappedLength)..).CopyTo(Content[(MappedAt + MappedLength)..]);
        Content.Slice(100 << 20, 2 << 20).Clear();
    }

    private void AssertFileIs(byte[] expected)
    {
        byte[] file = new byte[Size];
        Assert.Equal(Size, RandomAccess.Read(_file, file, 0));
        Assert.True(expected.AsSpan().SequenceEqual(file));
    }

    private static void AssertCovers(MemoryExtent[] extents, ReadOnlySpan<byte> expected)
    {
        ulong end = 0;
        foreach (MemoryExtent extent in extents)
        {
            Assert.False(expected[(int)end..(int)extent.Address].ContainsAnyExcept((byte)0));
            Assert.Equal(SnapshotFile.Checksum(expected.Slice((int)extent.Address, (int)extent.Length)), (uint)extent.Checksum);
            end = extent.Address + extent.Length;
        }

        Assert.False(expected[(int)end..].ContainsAnyExcept((byte)0));
        Assert.InRange(extents.Length, 5, 200);
    }

    private static unsafe long Blocks(SafeFileHandle file)
    {
        stat status;
        Assert.Equal(0, Libc.fstat(file, &status));
        return status.st_blocks;
    }

    // For this thread: a seccomp filter that answers clone(2) with EAGAIN, as a limit of processes does.
    private static unsafe void ForbidClone()
    {
        const int setSeccomp = 22, filterMode = 2;
        ulong* filter = stackalloc ulong[]
        {
            0x20,                                                // load the call's number
            0x15 | (1UL << 24) | ((ulong)Uapi.__NR_clone << 32), // if it is not clone, skip one
            0x06 | ((0x50000UL | Uapi.EAGAIN) << 32),            // fail
            0x06 | (0x7fff0000UL << 32),                         // allow
        };
        ulong* program = stackalloc ulong[] { 4, (ulong)filter };
        Assert.Equal(0, Libc.prctl(Uapi.PR_SET_NO_NEW_PRIVS, 1));
        Assert.Equal(0, Libc.prctl(setSeccomp, filterMode, (nuint)program));
    }

    private static string[] Open(int process) => [.. Directory.EnumerateFileSystemEntries($"/proc/{process}/fd")];

    private static int[] Children() =>
        [.. File.ReadAllText($"/proc/self/task/{Libc.gettid()}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
}
