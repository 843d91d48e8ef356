namespace Pyro.Bench.Torture;

/// <summary><c>pyro-bench torture --fio ARCHIVE [--cycles N] [--seed N] [--verbose] [--json]</c>, as bench/torture calls it.</summary>
internal static class TortureCommand
{
    internal static async Task<int> RunAsync(ReadOnlyMemory<string> arguments)
    {
        int cycles = 100, seed = 20261121;
        string? archive = null;
        bool json = false, verbose = false;
        string[] args = arguments.ToArray();
        for (int i = 0; i < args.Length; i++)
        {
            string value = i + 1 < args.Length ? args[i + 1] : "";
            if (args[i] == "--json")
                json = true;
            else if (args[i] == "--verbose")
                verbose = true;
            else if (args[i] == "--fio" && value.Length > 0)
                (archive, i) = (value, i + 1);
            else if (args[i] == "--cycles" && int.TryParse(value, out cycles) && cycles > 0)
                i++;
            else if (args[i] == "--seed" && int.TryParse(value, out seed))
                i++;
            else
                return Usage();
        }

        if (archive is null)
            return Usage();
        try
        {
            using FileStream fio = File.OpenRead(archive);
            using Workshop shop = await Workshop.OpenAsync();
            Report.Print(await new TortureRun(shop, seed, verbose, Console.Error.WriteLine).RunAsync(fio, cycles), json);
            return 0;
        }
        catch (Exception e) when (e is BenchException or PyroException or IOException)
        {
            Console.Error.WriteLine($"bench: {e.Message}");
            return 1;
        }
    }

    private static int Usage()
    {
        Console.Error.WriteLine("usage: bench/torture [--cycles N] [--seed N] [--verbose] [--json]");
        return 2;
    }
}
