using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Pyro.Environments;
using Pyro.Machines;

namespace Pyro.Demos;

/// <summary>The life of one machine, done for real and told step by step.</summary>
/// <param name="client">Whose environments and folders are used.</param>
public sealed class Demo(PyroClient client)
{
    /// <summary>Creates a machine, starts it, runs commands in it and deletes it.</summary>
    /// <param name="environment">The environment's name.</param>
    /// <param name="cancellationToken">Ends the machine.</param>
    /// <exception cref="PyroException">A step failed.</exception>
    public async IAsyncEnumerable<DemoStep> RunAsync(string environment, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var clock = Stopwatch.StartNew();
        InstalledEnvironment installed = await client.InspectEnvironmentAsync(environment, cancellationToken: cancellationToken).ConfigureAwait(false);
        var options = new MachineOptions { Environment = environment };
        yield return new DemoStep(
            "1. create",
            [
                $"A machine is an environment and a size: {installed.Name}, {options.VcpuCount} vCPU, {options.MemMib} MiB, no network.",
                $"Its disk is a layer over {installed.RootDisk}, which nobody writes to.",
            ],
            [],
            Lap(clock));

        await using Machine machine = await Machine.StartAsync(options, client.Paths, cancellationToken: cancellationToken).ConfigureAwait(false);
        MachineTimings timings = machine.Timings;
        yield return new DemoStep(
            "2. start",
            [
                $"Machine {machine.Id} runs in a process of its own, {machine.ProcessId}: if that dies, nothing else does.",
                $"Process and virtual machine {Ms(timings.Spawn + timings.VmCreation)}, Linux kernel {Ms(timings.Boot)}, agent {Ms(timings.AgentReady)}.",
            ],
            [],
            Lap(clock));

        yield return await ExecAsync(machine, clock, "3. exec: whose kernel is this?", ["The guest's own, not the host's.", "$ uname -sr"], "uname -sr", cancellationToken).ConfigureAwait(false);
        yield return await ExecAsync(
            machine,
            clock,
            "4. exec: do some damage",
            ["The machine has a disk to write to, and may be broken at will.", "$ rm -rf /usr/share/doc && echo gone > /root/note && cat /root/note"],
            "rm -rf /usr/share/doc && echo gone > /root/note && cat /root/note",
            cancellationToken).ConfigureAwait(false);

        await machine.DisposeAsync().ConfigureAwait(false);
        yield return new DemoStep(
            "5. delete",
            ["Process, sockets and disk layer are gone; the environment is as it was, and so is the next machine."],
            [],
            Lap(clock));
    }

    private static async Task<DemoStep> ExecAsync(Machine machine, Stopwatch clock, string title, string[] explanation, string command, CancellationToken cancellationToken)
    {
        var request = new RunRequest { Environment = "", Command = ["/bin/sh", "-c", command] };
        ExecResult result = await machine.ExecAsync(request, cancellationToken: cancellationToken).ConfigureAwait(false);
        string[] output = [.. (result.Stdout + result.Stderr).Split('\n', StringSplitOptions.RemoveEmptyEntries), $"exit code {result.ExitCode}"];
        return new DemoStep(title, explanation, output, Lap(clock));
    }

    private static TimeSpan Lap(Stopwatch clock)
    {
        TimeSpan took = clock.Elapsed;
        clock.Restart();
        return took;
    }

    private static string Ms(TimeSpan time) => time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) + " ms";
}
