using System.Text;

namespace Pyro.EndToEnd;

/// <summary>How a command ended and what it said.</summary>
public sealed record CommandResult(int ExitCode, byte[] Stdout, string Stderr, TimeSpan Duration)
{
    public string Text => Encoding.UTF8.GetString(Stdout);

    public override string ToString() => $"exit code {ExitCode} after {Duration.TotalSeconds:F1} s\nstdout: {Tail(Text)}\nstderr: {Tail(Stderr)}";

    private static string Tail(string text) => text.Length <= 4000 ? text : "..." + text[^4000..];
}
