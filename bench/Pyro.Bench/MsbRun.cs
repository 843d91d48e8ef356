using System.Diagnostics;
using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;

namespace Pyro.Bench;

/// <summary>
/// The same job by microsandbox's <c>msb run</c>: its own kernel, the same root disk as a raw image, one vCPU, 1024 MiB, no
/// network. The image is a copy that it writes to directly. The time ends with the first byte of the command's output:
/// what msb then needs to put its machine away is not in it.
/// </summary>
internal sealed class MsbRun : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    // On a disk: msb keeps owners of files in extended attributes, which older kernels' tmpfs does not have.
    private readonly string _folder = $"/var/tmp/pyro-bench-{Environment.ProcessId}";
    private readonly string _msb;
    private readonly string _rootDisk;
    private readonly string[] _variables;

    internal MsbRun(string msb, string rootDisk)
    {
        _msb = msb;
        Directory.CreateDirectory(_folder);
        _rootDisk = Path.Combine(_folder, "root.raw");
        _variables = [$"MSB_HOME={_folder}/home", $"TMPDIR={_folder}"];
        string log = Path.Combine(_folder, "cp.log");
        using SafeFileHandle file = File.OpenHandle(log, FileMode.Create, FileAccess.ReadWrite);
        using ChildProcess copy = Child.Start("/bin/cp", file, "--sparse=always", rootDisk, _rootDisk);
        if (copy.Wait() is not { Code: 0, Signal: 0 })
            throw new BenchException($"the root disk cannot be copied: {Child.Tail(log)}");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    internal async Task<double> MeasureAsync(string logPath)
    {
        using SafeFileHandle log = File.OpenHandle(logPath, FileMode.Create, FileAccess.ReadWrite);
        using var output = new AnonymousPipeServerStream(PipeDirection.In);
        long start = Stopwatch.GetTimestamp();
        using ChildProcess msb = Child.Start(_msb, output.ClientSafePipeHandle, log, _variables,
            ["run", _rootDisk, "--quiet", "--no-net", "--cpus", "1", "--memory", "1G", "--pull", "never", "--", "echo", "up"]);
        output.DisposeLocalCopyOfClientHandle();
        Task<int> first = Task.Run(output.ReadByte);
        if (await Task.WhenAny(first, Task.Delay(s_limit)) != first)
        {
            msb.TryKill();
            throw new BenchException($"msb did not bring its guest up: {Child.Tail(logPath)}");
        }

        double took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        ExitStatus end = msb.Wait();
        return await first == 'u' && end is { Code: 0, Signal: 0 } ? took : throw new BenchException($"msb run ended with {end}: {Child.Tail(logPath)}");
    }
}
