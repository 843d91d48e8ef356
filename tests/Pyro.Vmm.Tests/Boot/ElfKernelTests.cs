using Pyro.Vmm.Boot;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Tests.Boot;

public sealed class ElfKernelTests
{
    [Fact]
    public void Segments_are_loaded_at_their_physical_address_and_the_rest_stays_zero()
    {
        using FileStream file = TinyElf.Open(TinyElf.Build([1, 2, 3, 4], memorySize: 4096));
        using GuestMemory memory = GuestMemory.Create(32 << 20);
        ElfKernel kernel = ElfKernel.Read(file.SafeFileHandle, "tiny");
        kernel.Load(memory);
        Assert.Equal(TinyElf.LoadAddress, kernel.Entry64);
        Assert.Equal(TinyElf.LoadAddress + 4096, kernel.EndAddress);
        Assert.Equal([1, 2, 3, 4, 0, 0], memory.GetSpan(new GuestAddress(TinyElf.LoadAddress), 6).ToArray());
    }

    [Fact]
    public void Code_is_shared_with_the_file_until_the_guest_writes_to_it()
    {
        byte[] code = new byte[3 * 4096 + 5];
        new Random(1).NextBytes(code);
        using FileStream file = TinyElf.Open(TinyElf.Build(code, memorySize: 5 * 4096, executable: true));
        using GuestMemory memory = GuestMemory.Create(32 << 20);
        ElfKernel.Read(file.SafeFileHandle, "tiny").Load(memory);
        Span<byte> loaded = memory.GetSpan(new GuestAddress(TinyElf.LoadAddress), 5 * 4096);
        Assert.Equal([.. code, .. new byte[2 * 4096 - 5]], loaded.ToArray());
        Assert.Contains(Path.GetFileName(file.Name), File.ReadAllText("/proc/self/maps"), StringComparison.Ordinal);

        loaded[4096] ^= 0xff;
        byte[] inFile = new byte[code.Length];
        RandomAccess.Read(file.SafeFileHandle, inFile, 0x1000);
        Assert.Equal(code, inFile);
        using GuestMemory other = GuestMemory.Create(32 << 20);
        ElfKernel.Read(file.SafeFileHandle, "tiny").Load(other);
        Assert.Equal(code, other.GetSpan(new GuestAddress(TinyElf.LoadAddress), (uint)code.Length).ToArray());
    }

    [Fact]
    public void Code_that_the_file_ends_in_is_refused_and_not_mapped()
    {
        byte[] kernel = TinyElf.Build(new byte[4 * 4096], executable: true);
        using FileStream file = TinyElf.Open(kernel[..^4096]);
        using GuestMemory memory = GuestMemory.Create(32 << 20);
        var error = Assert.Throws<BootException>(() => ElfKernel.Read(file.SafeFileHandle, "short").Load(memory));
        Assert.Contains("cut short", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Path.GetFileName(file.Name), File.ReadAllText("/proc/self/maps"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_pvh_entry_is_read_from_its_note()
    {
        using FileStream with = TinyElf.Open(TinyElf.Build([0xf4], pvhEntry: 0x1000abc));
        using FileStream without = TinyElf.Open(TinyElf.Build([0xf4]));
        Assert.Equal(0x1000abcu, ElfKernel.Read(with.SafeFileHandle, "with").PvhEntry);
        Assert.Null(ElfKernel.Read(without.SafeFileHandle, "without").PvhEntry);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(63)]
    [InlineData(100)]
    [InlineData(0x1001)]
    public void A_truncated_kernel_is_refused_by_name(int length)
    {
        using FileStream file = TinyElf.Open(TinyElf.Build([1, 2, 3, 4])[..length]);
        using GuestMemory memory = GuestMemory.Create(32 << 20);
        var error = Assert.Throws<BootException>(() => ElfKernel.Read(file.SafeFileHandle, "the-kernel").Load(memory));
        Assert.StartsWith("the-kernel: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_larger_than_memory_is_refused_with_advice()
    {
        using FileStream file = TinyElf.Open(TinyElf.Build([1], memorySize: 64 << 20));
        using GuestMemory memory = GuestMemory.Create(32 << 20);
        var error = Assert.Throws<BootException>(() => ElfKernel.Read(file.SafeFileHandle, "big").Load(memory));
        Assert.Contains("more memory", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_outside_every_segment_is_refused()
    {
        using FileStream file = TinyElf.Open(TinyElf.Build([1], entry: 0x42));
        Assert.Throws<BootException>(() => ElfKernel.Read(file.SafeFileHandle, "odd"));
    }

    [Fact]
    public void Random_damage_is_refused_or_loaded_but_never_escapes()
    {
        byte[] good = TinyElf.Build(new byte[256], pvhEntry: 0x1000000);
        var random = new Random(20261121);
        using GuestMemory memory = GuestMemory.Create(32 << 20);
        int refused = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] damaged = (byte[])good.Clone();
            for (int n = random.Next(1, 6); n > 0; n--)
            {
                // Headers and the note: what decides where bytes go.
                int at = random.Next(2) == 0 ? random.Next(0, 64 + 112) : 0x800 + random.Next(0, 20);
                damaged[at] = (byte)random.Next(256);
            }

            using FileStream file = TinyElf.Open(damaged);
            try
            {
                ElfKernel.Read(file.SafeFileHandle, "damaged").Load(memory);
            }
            catch (BootException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 500, 2000);
    }
}
