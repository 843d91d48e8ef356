using Pyro.Bench;
using Pyro.Bench.Forks;
using Pyro.Bench.Torture;

// Usage: pyro-bench boot|kvm|memory|files|forks [--runs N] [--files N] [--json], or as TortureCommand says
if (args is ["torture", ..])
    return await TortureCommand.RunAsync(args.AsMemory(1));

string verb = args.Length > 0 ? args[0] : "";
int runs = verb == "kvm" ? 200 : 20;
int files = 50_000;
bool json = false;
for (int i = 1; i < args.Length; i++)
{
    if (args[i] == "--json")
        json = true;
    else if (args[i] == "--runs" && i + 1 < args.Length && int.TryParse(args[++i], out int asked) && asked > 0)
        runs = asked;
    else if (args[i] == "--files" && i + 1 < args.Length && int.TryParse(args[++i], out int count) && count > 0)
        files = count;
    else
        return Usage();
}

try
{
    switch (verb)
    {
        case "boot":
            Report.Print(await BootComparison.RunAsync(runs), json);
            return 0;
        case "kvm":
            Report.Print(KvmReport.Measure(runs), json);
            return 0;
        case "memory":
            Report.Print(VmmMemory.Measure(Math.Min(runs, 5)), json);
            return 0;
        case "forks":
            Report.Print(await ForkScenario.RunAsync());
            return 0;
        case "files":
            Report.Print(await TransferReport.MeasureAsync(Math.Min(runs, 5), files), json);
            return 0;
        default:
            return Usage();
    }
}
catch (Exception e) when (e is BenchException or Pyro.PyroException or IOException)
{
    Console.Error.WriteLine($"bench: {e.Message}");
    return 1;
}

static int Usage()
{
    Console.Error.WriteLine("usage: bench/compare boot|kvm|memory|files|forks [--runs N] [--files N] [--json]");
    return 2;
}
