using System.Globalization;
using Pyro.Machines;

namespace Pyro.Bench.Forks;

/// <summary>Forks a machine in the middle of its work, and notes what can be seen of all machines then.</summary>
internal static class ForkScenario
{
    private const int Forks = 4;
    private const int Draws = 12;
    private const int TimeoutSeconds = 1200;
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);

    internal static async Task<ForkFacts> RunAsync()
    {
        var options = new MachineOptions { Environment = Files.Environment, MemMib = 256 };
        PyroPaths paths = new PyroClient().Paths;
        // What a process opens once and keeps is not to be counted.
        await using (Machine first = await Machine.StartAsync(options, paths))
        {
            await SayAsync(first, "true");
            await using Machine fork = (await first.ForkAsync(1))[0];
        }

        int descriptorsBefore = OpenFiles().Length, namelessBefore = Nameless();
        ForkFacts facts = await WithSourceAsync(await Machine.StartAsync(options, paths));
        return facts with { NamelessFiles = [namelessBefore, facts.NamelessFiles[0], Nameless()], Descriptors = [descriptorsBefore, OpenFiles().Length] };
    }

    private static async Task<ForkFacts> WithSourceAsync(Machine source)
    {
        var machines = new List<Machine> { source };
        var counter = new LineStream();
        using var work = new CancellationTokenSource();
        try
        {
            List<Task> commands = [BeginAsync(source, GuestPrograms.Count(), counter, work.Token)];
            foreach (string from in GuestPrograms.Sources)
                commands.Add(BeginAsync(source, GuestPrograms.Draw(from), new LineStream(), work.Token));
            var server = new LineStream();
            commands.Add(BeginAsync(source, GuestPrograms.Serve(), server, work.Token));
            await UntilAsync(() => Task.FromResult(counter.Lines.Length >= Draws && server.Lines.Length > 0), commands, "the source's programs do not run");
            await UntilAsync(() => HasDrawnAsync(source), commands, "the source draws nothing");

            long acknowledged = Numbers(counter.Lines)[^1];
            IReadOnlyList<Machine> forks = await source.ForkAsync(Forks);
            machines.AddRange(forks);
            foreach (Machine machine in machines)
                await SayAsync(machine, $"touch /root/mark-{machine.Id}");
            machines.AddRange(await forks[0].ForkAsync(1));
            foreach (Machine machine in machines)
                await UntilAsync(() => HasDrawnAsync(machine), commands, $"machine {machines.IndexOf(machine)} draws nothing");

            var seen = new List<MachineFacts>();
            for (int i = 0; i < machines.Count; i++)
                seen.Add(await LookAsync(machines[i], i == 0 ? "source" : i <= Forks ? $"fork {i}" : "fork of fork 1", machines));
            int nameless = Nameless();

            await work.CancelAsync();
            foreach (Task command in commands)
                await EndAsync(command);
            (string stuck, string after) = await ForkStuckAsync(source);
            string failed = await FailAsync(source);
            int left = Processes.ChildrenOf(Environment.ProcessId).Length;
            await source.DisposeAsync();
            string orphan = await SayAsync(forks[0], "echo alive");
            return new ForkFacts(seen, acknowledged, Numbers(counter.Lines), orphan, stuck, after, failed, left - machines.Count, [nameless], []);
        }
        finally
        {
            await work.CancelAsync();
            foreach (Machine machine in machines)
                await machine.DisposeAsync();
        }
    }

    // Few commands, each of which an emulated host takes long for.
    private static async Task<MachineFacts> LookAsync(Machine machine, string name, IReadOnlyList<Machine> all)
    {
        DateTime before = DateTime.UtcNow;
        string[][] parts = [.. (await SayAsync(machine, $"""
            cd /root
            cat /etc/machine-id; echo =; hostname; echo =; date +%s.%N; echo =
            bash -c 'cat </dev/tcp/127.0.0.1/7777'; echo =; ls -d mark-*; echo =; cat count
            for f in {string.Join(' ', GuestPrograms.Sources)}; do echo =; cat $f; done
            """)).Split("=\n").Select(part => part.Split('\n', StringSplitOptions.RemoveEmptyEntries))];
        DateTime after = DateTime.UtcNow;
        string id = parts[0][0];
        double clock = double.Parse(parts[2][0], CultureInfo.InvariantCulture);
        long[] counted = Numbers(parts[5]);
        bool countsOn = Numbers([await SayAsync(machine, $"for i in $(seq 100); do n=$(tail -n 1 /root/count); [ $n -le {counted[^1]} ] || break; sleep 0.1; done; echo $n")])[0] > counted[^1];
        var draws = new Dictionary<string, IReadOnlyList<string>>();
        for (int i = 0; i < GuestPrograms.Sources.Length; i++)
            draws[GuestPrograms.Sources[i]] = [.. parts[6 + i].Where(line => line.StartsWith(id + " ", StringComparison.Ordinal)).Select(line => line[(id.Length + 1)..])];

        return new MachineFacts(
            name,
            machine.StartMode.ToString(),
            id,
            parts[1][0],
            clock >= Seconds(before) - 1 && clock <= Seconds(after) + 1,
            parts[3][0],
            counted,
            countsOn,
            [.. parts[4].Select(mark => MarkOf(mark, all))],
            draws);
    }

    // A write to a frozen file system waits where no signal reaches it.
    private static async Task<(string Stuck, string After)> ForkStuckAsync(Machine machine)
    {
        string stuck = "it was forked";
        Task<string> writer = SayAsync(machine, "/usr/sbin/fsfreeze -f / && dd if=/dev/zero of=/root/stuck bs=1 count=1 2>/dev/null; echo written");
        await UntilAsync(async () => (await SayAsync(machine, "grep -l '(dd) D' /proc/[0-9]*/stat || true")).Length > 0, [writer], "no process is stuck");
        try
        {
            foreach (Machine fork in await machine.ForkAsync(1))
                await fork.DisposeAsync();
        }
        catch (PyroException e)
        {
            stuck = $"{e.Code}: {e.Message}";
        }

        await SayAsync(machine, "/usr/sbin/fsfreeze -u /");
        string wrote = await writer;
        await using Machine after = (await machine.ForkAsync(1))[0];
        return (stuck, $"{wrote}, {await SayAsync(after, "echo forked")}");
    }

    private static async Task<string> FailAsync(Machine machine)
    {
        try
        {
            foreach (Machine fork in await machine.ForkAsync(3, new Refusing(2)))
                await fork.DisposeAsync();
            return "all came up";
        }
        catch (PyroException e)
        {
            return $"{e.Code}: {e.Message}";
        }
    }

    private static async Task<bool> HasDrawnAsync(Machine machine)
    {
        ExecResult result = await machine.ExecAsync(new RunRequest { Environment = "", Command = GuestPrograms.CountDraws(), TimeoutSeconds = 120 });
        return Numbers(result.Stdout.Split('\n')) is { Length: 3 } numbers && numbers.All(count => count >= Draws);
    }

    private static Task<ExecResult> BeginAsync(Machine machine, string[] command, LineStream output, CancellationToken cancellationToken) =>
        machine.ExecAsync(new RunRequest { Environment = "", Command = command, TimeoutSeconds = TimeoutSeconds }, new RunStreams { Stdout = output }, cancellationToken);

    private static async Task<string> SayAsync(Machine machine, string script)
    {
        ExecResult result = await machine.ExecAsync(new RunRequest { Environment = "", Command = ["sh", "-c", script], TimeoutSeconds = 120 });
        return result.ExitCode == 0 ? result.Stdout.Trim() : throw new BenchException($"`{script}` ended with {result.ExitCode}: {result.Stderr.Trim()}");
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, IReadOnlyList<Task> commands, string otherwise)
    {
        for (DateTime end = DateTime.UtcNow + s_limit; !await condition(); await Task.Delay(250))
        {
            if (commands.FirstOrDefault(command => command.IsCompleted) is { } ended)
            {
                await ended;
                throw new BenchException($"a program of the source ended by itself: {otherwise}");
            }

            if (DateTime.UtcNow > end)
                throw new BenchException(otherwise);
        }
    }

    private static async Task EndAsync(Task command)
    {
        try
        {
            await command;
        }
        catch (OperationCanceledException)
        {
            // As asked.
        }
    }

    private static string MarkOf(string file, IReadOnlyList<Machine> all)
    {
        for (int i = 0; i < all.Count; i++)
        {
            if (file == $"mark-{all[i].Id}")
                return i == 0 ? "source" : $"fork {i}";
        }

        return file;
    }

    private static long[] Numbers(IEnumerable<string> lines) => [.. lines.Where(line => line.Length > 0).Select(line => long.Parse(line, CultureInfo.InvariantCulture))];

    private static double Seconds(DateTime time) => (time - DateTime.UnixEpoch).TotalSeconds;

    private static int Nameless() => OpenFiles().Count(file => file.EndsWith(" (deleted)", StringComparison.Ordinal));

    // The folder is one of them while it is read, each time.
    private static string[] OpenFiles() => [.. Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(entry => new FileInfo(entry).LinkTarget ?? "")];

    /// <summary>Keeps the start of one machine from succeeding.</summary>
    private sealed class Refusing(int number) : IProgress<RunPhase>
    {
        private int _count;

        public void Report(RunPhase value)
        {
            if (value.Name == RunPhase.Spawn && Interlocked.Increment(ref _count) == number)
                throw new IOException("refused");
        }
    }
}
