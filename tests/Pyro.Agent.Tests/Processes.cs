using System.Text;

namespace Pyro.Agent.Tests;

/// <summary>Looks into /proc.</summary>
internal static class Processes
{
    private static int s_last = Environment.ProcessId * 1000;

    /// <summary>A duration for sleep, in seconds, that nobody else uses: by it a process is found again.</summary>
    public static string UniqueSleep() => "7" + Interlocked.Increment(ref s_last) + ".5";

    /// <summary>How many processes have this word as an argument.</summary>
    public static int Count(string argument)
    {
        int count = 0;
        foreach (string folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out _) && Read(folder + "/cmdline").Split('\0').Skip(1).Contains(argument))
                count++;
        }

        return count;
    }

    /// <summary>Waits until so many processes have this word as an argument.</summary>
    public static async Task WaitForAsync(string argument, int expected)
    {
        for (int i = 0; i < 200 && Count(argument) != expected; i++)
            await Task.Delay(25);
        Assert.Equal(expected, Count(argument));
    }

    /// <summary>Children of a process that are dead and not reaped.</summary>
    public static int Zombies(int parent)
        => Directory.GetDirectories("/proc").Count(folder =>
        {
            string stat = Read(folder + "/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ');
            return fields.Length > 2 && fields[1] == "Z" && fields[2] == parent.ToString();
        });

    private static string Read(string path)
    {
        try
        {
            return Encoding.Latin1.GetString(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
