using System.Globalization;

namespace Pyro.Bench;

/// <summary>Looks into <c>/proc</c>.</summary>
internal static class Processes
{
    /// <summary>The processes that another has started and that still run.</summary>
    internal static int[] ChildrenOf(int parent)
    {
        var children = new List<int>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out int pid))
                continue;
            try
            {
                // State and parent, counted behind the name, which may hold anything in its parentheses.
                string stat = File.ReadAllText($"{folder}/stat");
                string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                if (fields[0] != "Z" && int.Parse(fields[1], CultureInfo.InvariantCulture) == parent)
                    children.Add(pid);
            }
            catch (IOException)
            {
                // It has ended since.
            }
        }

        return [.. children];
    }
}
