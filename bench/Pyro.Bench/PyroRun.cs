using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;

namespace Pyro.Bench;

/// <summary><c>pyro run debian:12 -- true</c>, start to exit: from the warm snapshot, or by a boot.</summary>
internal static class PyroRun
{
    internal static double Measure(string logPath, bool cold)
    {
        using SafeFileHandle log = File.OpenHandle(logPath, FileMode.Create, FileAccess.ReadWrite);
        long start = Stopwatch.GetTimestamp();
        string[] how = cold ? ["--cold"] : [];
        using ChildProcess pyro = Child.Start(Files.Pyro, log, ["run", Files.Environment, .. how, "--quiet", "--timeout-seconds", "120", "--", "true"]);
        ExitStatus end = pyro.Wait();
        double took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        return end is { Code: 0, Signal: 0 } ? took : throw new BenchException($"pyro run ended with {end}: {Child.Tail(logPath)}");
    }
}
