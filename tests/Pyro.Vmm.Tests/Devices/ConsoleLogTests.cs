using Pyro.Vmm.Devices;

namespace Pyro.Vmm.Tests.Devices;

public sealed class ConsoleLogTests
{
    private static void Print(ConsoleLog log, string text)
    {
        foreach (char c in text)
        {
            log.Write((byte)c);
        }
    }

    [Fact]
    public void The_panic_line_is_found_and_the_file_holds_everything()
    {
        var file = new MemoryStream();
        using var log = new ConsoleLog(file);
        const string text = "starting\r\n[    0.1] Kernel panic - not syncing: VFS: no root\r\n[    0.2] more\r\n";
        Print(log, text);
        Assert.Equal("Kernel panic - not syncing: VFS: no root", log.FindPanic());
        Assert.Equal(text.Length, file.Length);
    }

    [Fact]
    public void Without_a_panic_none_is_found()
    {
        using var log = new ConsoleLog(null);
        Print(log, "all is well\n");
        Assert.Null(log.FindPanic());
    }

    [Fact]
    public void Endless_output_keeps_the_end_in_memory_and_stops_growing_the_file()
    {
        var file = new MemoryStream();
        using var log = new ConsoleLog(file);
        for (int i = 0; i < 18 << 20; i++)
        {
            log.Write((byte)'.');
        }

        Print(log, "the end\n");
        Assert.EndsWith("the end\n", log.Tail(), StringComparison.Ordinal);
        Assert.InRange(file.Length, 16 << 20, (16 << 20) + 4096);
    }
}
