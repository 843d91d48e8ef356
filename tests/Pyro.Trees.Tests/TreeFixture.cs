using System.Diagnostics;
using System.Text;

namespace Pyro.Trees.Tests;

/// <summary>A folder with a source and a target, gone afterwards.</summary>
internal sealed class TreeFixture : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("pyro-trees-").FullName;

    public string Source => Directory.CreateDirectory(Path.Combine(Root, "source")).FullName;

    public string Target => Directory.CreateDirectory(Path.Combine(Root, "target")).FullName;

    public static int Open(string path) => TreeCalls.OpenPath(Encoding.UTF8.GetBytes(path + "\0"), TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY);

    /// <summary>A tree of random names, contents, modes, times and links that lead inside.</summary>
    public static void Fill(string root, Random random, int entries)
    {
        var folders = new List<string> { "" };
        var files = new List<string>();
        for (int i = 0; i < entries; i++)
        {
            string folder = folders[random.Next(folders.Count)];
            string name = folder + (folder.Length > 0 ? "/" : "") + Name(random) + i;
            string path = Path.Combine(root, name);
            switch (random.Next(10))
            {
                case < 3 when name.Length < 600:
                    Directory.CreateDirectory(path);
                    folders.Add(name);
                    break;
                case 3:
                    File.CreateSymbolicLink(path, random.Next(2) == 0 ? "nowhere" : "./x/../" + new string('t', random.Next(1, 200)));
                    break;
                case 4 when files.Count > 0:
                    Run("ln", Path.Combine(root, files[random.Next(files.Count)]), path);
                    break;
                default:
                    var content = new byte[random.Next(3) == 0 ? random.Next(200_000) : random.Next(2_000)];
                    random.NextBytes(content);
                    File.WriteAllBytes(path, content);
                    File.SetUnixFileMode(path, (UnixFileMode)(random.Next(0x200) | 0x180));
                    File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddTicks(random.NextInt64(TimeSpan.TicksPerDay * 30_000)));
                    files.Add(name);
                    break;
            }
        }

        foreach (string folder in folders.Skip(1))
        {
            File.SetUnixFileMode(Path.Combine(root, folder), (UnixFileMode)(random.Next(0x40) | 0x1c0));
            Directory.SetLastWriteTimeUtc(Path.Combine(root, folder), DateTime.UnixEpoch.AddTicks(random.NextInt64(TimeSpan.TicksPerDay * 30_000)));
        }
    }

    /// <summary>All there is to say about a tree, a line an entry.</summary>
    public static string Describe(string root)
    {
        var text = new StringBuilder();
        foreach (string path in Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var info = new FileInfo(path);
            string what = info.LinkTarget is { } target ? "-> " + target
                : Directory.Exists(path) ? "dir"
                : Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)));
            string times = info.LinkTarget is null ? $"{info.UnixFileMode} {info.LastWriteTimeUtc.Ticks}" : "";
            text.AppendLine($"{path[root.Length..]} {what} {times}");
        }

        return text.ToString();
    }

    public static void Run(params string[] command)
    {
        using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]))!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    public void Dispose()
    {
        if (Directory.Exists(Root))
            Directory.Delete(Root, recursive: true);
    }

    private static string Name(Random random)
        => random.Next(5) == 0 ? new string('n', random.Next(100, 240)) : "ab é'\n €"[..random.Next(1, 8)];
}
