using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Pyro.Components;

namespace Pyro.Tests.Components;

public sealed class InitramfsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4097)]
    public async Task Cpio_itself_reads_the_archive(int size)
    {
        using var folder = new TemporaryFolder();
        byte[] agent = new byte[size];
        new Random(7).NextBytes(agent);
        string archive = Path.Combine(folder.Path, "initramfs.cpio");
        await using (FileStream output = File.Create(archive))
            Initramfs.Write(output, new MemoryStream(agent));

        string list = await CpioAsync(folder.Path, "cpio -tv < initramfs.cpio");
        await CpioAsync(folder.Path, "cpio -i --quiet init < initramfs.cpio");

        Assert.Matches(@"(?m)^drwxr-xr-x .* dev$", list);
        Assert.Matches(@"(?m)^crw------- .* 5,\s+1 .* dev/console$", list);
        Assert.Matches(@"(?m)^-rwxr-xr-x .* init$", list);
        Assert.Equal(agent, await File.ReadAllBytesAsync(Path.Combine(folder.Path, "init")));
        // On a page: the kernel takes it as it is.
        Assert.Equal(agent, (await File.ReadAllBytesAsync(archive)).AsSpan(4096, size).ToArray());
    }

    [Fact]
    public void It_is_written_once_for_each_agent_and_old_ones_go()
    {
        using var folder = new TemporaryFolder();
        string cache = Path.Combine(folder.Path, "initramfs");
        string agent = folder.File("agent", "one");
        Initramfs.Open(cache, agent).Dispose();
        DateTime first = File.GetLastWriteTimeUtc(Assert.Single(Directory.GetFiles(cache)));
        using (SafeFileHandle again = Initramfs.Open(cache, agent))
            Assert.Equal(first, File.GetLastWriteTimeUtc(Assert.Single(Directory.GetFiles(cache))));

        for (int size = 4; size < 12; size++)
        {
            File.WriteAllText(agent, new string('x', size));
            Initramfs.Open(cache, agent).Dispose();
        }

        Assert.Equal(4, Directory.GetFiles(cache).Length);
    }

    private static async Task<string> CpioAsync(string folder, string command)
    {
        using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
