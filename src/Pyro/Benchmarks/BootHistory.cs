using System.Text;
using System.Text.Json;

namespace Pyro.Benchmarks;

/// <summary>A file of <see cref="BootSummary"/>s, a JSON document a line, oldest first.</summary>
public static class BootHistory
{
    /// <summary>Adds a line; makes the file if it is not there.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Append(string path, BootSummary summary)
    {
        string line = JsonSerializer.Serialize(summary, BenchmarkJson.Default.BootSummary) + "\n";
        // One write in append mode: two processes cannot mix their lines.
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(Encoding.UTF8.GetBytes(line));
    }

    /// <summary>Reads all lines; none if the file is not there.</summary>
    /// <exception cref="InvalidDataException">A line is not a summary; the message says which.</exception>
    public static IReadOnlyList<BootSummary> Read(string path)
    {
        var history = new List<BootSummary>();
        if (!File.Exists(path))
            return history;
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            try
            {
                history.Add(JsonSerializer.Deserialize(line, BenchmarkJson.Default.BootSummary)!);
            }
            catch (JsonException e)
            {
                throw new InvalidDataException($"{path}: line {number} is not a boot summary: {e.Message}", e);
            }
        }
        return history;
    }
}
