using Microsoft.Win32.SafeHandles;
using Pyro.Files;

namespace Pyro.Tests.Files;

public sealed class SameFileTests
{
    [Fact]
    public void A_nameless_file_is_opened_again_for_reading_only_and_outlives_the_first_descriptor()
    {
        using var folder = new TemporaryFolder();
        SafeFileHandle file = ScratchFile.Create(Path.Combine(folder.Path, "scratch"));
        RandomAccess.Write(file, "what it holds"u8, 0);
        using SafeFileHandle again = SameFile.ReadOnly(file);
        file.Dispose();

        byte[] read = new byte[13];
        Assert.Equal(13, RandomAccess.Read(again, read, 0));
        Assert.Equal("what it holds"u8, read);
        Assert.ThrowsAny<Exception>(() => RandomAccess.Write(again, "x"u8, 0));
    }

    [Fact]
    public void What_is_written_to_one_is_read_from_the_other()
    {
        using var folder = new TemporaryFolder();
        using SafeFileHandle file = ScratchFile.Create(Path.Combine(folder.Path, "scratch"));
        using SafeFileHandle again = SameFile.Writable(file);
        RandomAccess.Write(again, "both"u8, 0);

        byte[] read = new byte[4];
        Assert.Equal(4, RandomAccess.Read(file, read, 0));
        Assert.Equal("both"u8, read);
    }
}
