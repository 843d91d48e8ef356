using System.Text;

namespace Pyro.Cli.Output;

/// <summary>Prints phases as lines: <c>[phase] key=value</c>.</summary>
internal sealed class PhasePrinter(TextWriter output) : IProgress<RunPhase>
{
    public void Report(RunPhase value)
    {
        var line = new StringBuilder().Append('[').Append(value.Name).Append(']');
        foreach ((string key, string text) in value.Details)
            line.Append(' ').Append(key).Append('=').Append(text.Contains(' ') ? $"\"{text}\"" : text);
        output.WriteLine(line.ToString());
    }
}
