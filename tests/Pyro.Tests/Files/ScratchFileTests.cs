using Microsoft.Win32.SafeHandles;
using Pyro.Files;

namespace Pyro.Tests.Files;

public sealed class ScratchFileTests
{
    [Fact]
    public void It_takes_data_and_has_no_name()
    {
        using var folder = new TemporaryFolder();
        string scratch = Path.Combine(folder.Path, "tmp");
        using SafeFileHandle file = ScratchFile.Create(scratch);

        RandomAccess.Write(file, "data"u8, 1 << 20);
        byte[] read = new byte[4];
        RandomAccess.Read(file, read, 1 << 20);

        Assert.Equal("data"u8.ToArray(), read);
        Assert.Empty(Directory.GetFileSystemEntries(scratch));
    }
}
