using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Vmm.Disks;

namespace Pyro.Vmm.Tests.Disks;

public sealed class ThrowAwayFileTests
{
    [Fact]
    public void A_throw_away_file_has_no_name()
    {
        string directory = Directory.CreateTempSubdirectory("pyro-test-").FullName;
        try
        {
            using SafeFileHandle file = ThrowAwayFile.Create(directory);
            RandomAccess.Write(file, [1, 2, 3], 0);
            Assert.Empty(Directory.GetFileSystemEntries(directory));
            Assert.Equal(3, RandomAccess.GetLength(file));
        }
        finally
        {
            Directory.Delete(directory);
        }
    }

    [Fact]
    public void A_directory_that_is_not_there_is_named()
    {
        LinuxException error = Assert.Throws<LinuxException>(() => ThrowAwayFile.Create("/nowhere/at/all"));
        Assert.Contains("/nowhere/at/all", error.Message, StringComparison.Ordinal);
    }
}
