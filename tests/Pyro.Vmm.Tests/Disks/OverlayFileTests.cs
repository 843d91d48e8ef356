using System.Buffers.Binary;
using System.Numerics;
using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Disks;

namespace Pyro.Vmm.Tests.Disks;

/// <summary>Overlay files that are damaged, forged, or not for the base at hand.</summary>
public sealed class OverlayFileTests : IDisposable
{
    private static readonly byte[] s_content = TestDisk.RandomBytes(new Random(9), 64 * 4096);

    private readonly SafeFileHandle _file = TestDisk.NewFile();

    public OverlayFileTests()
    {
        using OverlayDisk disk = OverlayDisk.Create(TestDisk.Reopen(_file), "top", TestDisk.ReadOnlyDisk(s_content));
        disk.Write(0, new byte[512]);
        disk.Flush();
    }

    public void Dispose() => _file.Dispose();

    [Fact]
    public void A_frozen_layer_opens_for_reading_only()
    {
        using (OverlayDisk disk = Open(_file, s_content))
            disk.Freeze();
        Assert.Contains("frozen", Refused(_file, s_content), StringComparison.Ordinal);
        using OverlayDisk again = OverlayDisk.Open(TestDisk.Reopen(_file), "top", TestDisk.ReadOnlyDisk(s_content), readOnly: true);
        Assert.True(again.IsReadOnly);
        Assert.Equal(new byte[512], again.Read(0, 512));
    }

    [Fact]
    public void A_shorter_base_is_refused_by_name()
    {
        string error = Refused(_file, s_content[..^512]);
        Assert.Contains("base.img", error, StringComparison.Ordinal);
        Assert.Contains("cut short or replaced", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_base_of_the_same_length_is_refused_if_both_are_known()
    {
        DiskId id = DiskId.New();
        using SafeFileHandle file = TestDisk.NewFile();
        OverlayDisk.Create(TestDisk.Reopen(file), "top", TestDisk.ReadOnlyDisk(s_content, id)).Dispose();
        Assert.Contains(id.ToString(), Refused(file, s_content, DiskId.New()), StringComparison.Ordinal);
        using OverlayDisk same = Open(file, s_content, id);
        Assert.Equal((ulong)s_content.Length, same.Length);
    }

    [Fact]
    public void A_layer_in_use_is_refused()
    {
        using OverlayDisk disk = Open(_file, s_content);
        Assert.Contains("in use", Refused(_file, s_content), StringComparison.Ordinal);
    }

    [Fact]
    public void A_layer_just_frozen_is_shared_while_it_is_open()
    {
        using OverlayDisk disk = Open(_file, s_content);
        disk.Freeze();
        using OverlayDisk other = OverlayDisk.Open(TestDisk.Reopen(_file), "top", TestDisk.ReadOnlyDisk(s_content), readOnly: true);
        Assert.Equal(disk.Id, other.Id);
    }

    [Fact]
    public void A_closed_layer_is_free_although_its_descriptor_lives_on_elsewhere()
    {
        using SafeFileHandle kept = TestDisk.Reopen(_file);
        SafeFileHandle copy = new(Pyro.Kvm.Libc.dup(kept), ownsHandle: true);
        OverlayDisk.Open(copy, "top", TestDisk.ReadOnlyDisk(s_content), readOnly: false).Dispose();
        using OverlayDisk again = Open(_file, s_content);
        Assert.False(again.IsReadOnly);
    }

    [Fact]
    public void A_truncated_layer_is_refused_whatever_its_length()
    {
        long whole = RandomAccess.GetLength(_file);
        Random random = new(4);
        for (int i = 0; i < 200; i++)
        {
            byte[] bytes = new byte[i < 50 ? i * 5 : random.NextInt64(whole)];
            RandomAccess.Read(_file, bytes, 0);
            using SafeFileHandle cut = TestDisk.NewFile(bytes);
            Assert.StartsWith("disk top: ", Refused(cut, s_content), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0, "magic number")]
    [InlineData(8, "version")]
    [InlineData(12, "checksum")]
    [InlineData(24, "checksum")]
    [InlineData(104, "checksum")]
    public void A_damaged_header_is_refused(int at, string problem)
    {
        byte[] one = new byte[1];
        RandomAccess.Read(_file, one, at);
        one[0] ^= 0x10;
        RandomAccess.Write(_file, one, at);
        Assert.Contains(problem, Refused(_file, s_content), StringComparison.Ordinal);
    }

    [Fact]
    public void A_forged_header_with_a_right_checksum_is_refused_unless_it_changes_ids_only()
    {
        byte[] good = new byte[108];
        RandomAccess.Read(_file, good, 0);
        Random random = new(5);
        for (int i = 0; i < 2000; i++)
        {
            byte[] header = [.. good];
            int at = 8 + (random.Next(24) * 4);
            uint before = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(at));
            uint value = random.Next(4) switch
            {
                0 => uint.MaxValue,
                1 => before + 512,
                2 => before ^ (1u << random.Next(32)),
                _ => (uint)random.Next(),
            };
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(at), value);
            uint crc = uint.MaxValue;
            foreach (byte b in header.AsSpan(0, 104))
                crc = BitOperations.Crc32C(crc, b);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(104), ~crc);
            RandomAccess.Write(_file, header, 0);

            if (at is >= 40 and < 72 || value == before)
                Open(_file, s_content).Dispose();
            else
                Assert.NotEmpty(Refused(_file, s_content));
        }
    }

    private static string Refused(SafeFileHandle file, byte[] content, DiskId id = default) =>
        Assert.Throws<DiskException>(() => Open(file, content, id).Dispose()).Message;

    private static OverlayDisk Open(SafeFileHandle file, byte[] content, DiskId id = default)
    {
        RawDisk lower = TestDisk.ReadOnlyDisk(content, id);
        SafeFileHandle own = TestDisk.Reopen(file);
        try
        {
            return OverlayDisk.Open(own, "top", lower, readOnly: false);
        }
        catch
        {
            own.Dispose();
            lower.Dispose();
            throw;
        }
    }
}
