using System.Diagnostics;
using Pyro.Benchmarks;
using Pyro.Machines;
using Pyro.Protocol;
using Pyro.Running;
using Pyro.Workspaces.Files;

namespace Pyro.Bench;

/// <summary>
/// How long a tree of small files takes into a guest: by a push, and by <c>tar c | (exec tar x in the guest)</c> through the
/// same vsock, in turn and in the same machine. What was pushed is exported again and compared.
/// </summary>
/// <param name="Runs">Of each.</param>
/// <param name="Files">Files of 4 KiB, a hundred to a folder.</param>
/// <param name="PushMs">By Pyro.</param>
/// <param name="TarMs">By the two tars.</param>
/// <param name="ExportMs">Out again, by Pyro.</param>
/// <param name="Ratio">Of the medians of the first two.</param>
internal sealed record TransferReport(int Runs, int Files, Distribution PushMs, Distribution TarMs, double ExportMs, double Ratio)
{
    private const int FileSize = 4096, InFolder = 100;

    internal static async Task<TransferReport> MeasureAsync(int runs, int files)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("pyro-transfer-");
        try
        {
            string source = Path.Combine(folder.FullName, "source");
            MakeTree(source, files);
            await using Machine machine = await Machine.StartAsync(new MachineOptions { Environment = Bench.Files.Environment }, PyroPaths.FromEnvironment());
            var guest = new GuestFiles(machine.VsockPath);
            var pushes = new List<double>();
            var tars = new List<double>();
            for (int run = 0; run < runs; run++)
            {
                await ClearAsync(machine);
                long start = Stopwatch.GetTimestamp();
                await guest.PushAsync(source, "/workspace");
                pushes.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);

                await ClearAsync(machine);
                start = Stopwatch.GetTimestamp();
                await TarAsync(machine, source);
                tars.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                Console.Error.WriteLine($"[bench] push {pushes[^1]:0} ms, tar {tars[^1]:0} ms");
            }

            await ClearAsync(machine);
            await guest.PushAsync(source, "/workspace");
            long begin = Stopwatch.GetTimestamp();
            string output = Path.Combine(folder.FullName, "output");
            await guest.ExportAsync("/workspace", output, overwrite: false);
            double export = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
            Compare(source, output);
            Distribution push = Distribution.Of(pushes), tar = Distribution.Of(tars);
            return new TransferReport(runs, files, push, tar, Math.Round(export, 1), Math.Round(push.Median / tar.Median, 3));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void MakeTree(string source, int files)
    {
        var random = new Random(1);
        var content = new byte[FileSize];
        for (int i = 0; i < files; i++)
        {
            string folder = Path.Combine(source, $"folder{i / InFolder:000}");
            if (i % InFolder == 0)
                Directory.CreateDirectory(folder);
            random.NextBytes(content);
            File.WriteAllBytes(Path.Combine(folder, $"file{i:00000}.bin"), content);
        }
    }

    private static async Task ClearAsync(Machine machine)
        => await ShellAsync(machine, "rm -rf /workspace && mkdir /workspace && sync", null);

    private static async Task TarAsync(Machine machine, string source)
    {
        SpawnedProcess tar = SpawnedProcess.TryStart(["tar", "c", "-C", source, "."], ["PATH=/usr/bin:/bin"], null, inherit: false, out int errno)
            ?? throw new BenchException($"tar cannot be started: error {errno}");
        tar.Stdin!.Dispose();
        using (tar.Stderr)
        await using (var archive = new FileStream(tar.Stdout!, FileAccess.Read, bufferSize: 0))
            await ShellAsync(machine, "tar x -C /workspace", archive);
        if (tar.Wait() != 0)
            throw new BenchException("tar failed on the host");
    }

    private static async Task ShellAsync(Machine machine, string script, Stream? stdin)
    {
        await using GuestConnection connection = await GuestConnection.ConnectAsync(machine.VsockPath);
        await using ExecStream exec = await connection.ExecAsync(new ExecRequest { Arguments = ["sh", "-c", script], Stdin = stdin is not null });
        using var said = new MemoryStream();
        ExitedMessage end = await exec.RunAsync(stdin, said, said);
        if (end.Code != 0)
            throw new BenchException($"{script}: {System.Text.Encoding.UTF8.GetString(said.ToArray())}");
    }

    private static void Compare(string source, string output)
    {
        static string[] Names(string root) => [.. Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).Select(p => p[root.Length..]).Order(StringComparer.Ordinal)];
        string[] names = Names(source);
        if (!names.SequenceEqual(Names(output)))
            throw new BenchException("what was exported has other names than what was pushed");
        foreach (string name in names.Where(n => File.Exists(source + n)))
        {
            if (!File.ReadAllBytes(source + name).AsSpan().SequenceEqual(File.ReadAllBytes(output + name))
                || File.GetLastWriteTimeUtc(source + name) != File.GetLastWriteTimeUtc(output + name)
                || File.GetUnixFileMode(source + name) != File.GetUnixFileMode(output + name))
                throw new BenchException($"{name} is another file after its way into the guest and out");
        }
    }
}
