namespace Pyro.Protocol;

/// <summary>A guest tool ended without an answer: it was killed, or its agent does not know it.</summary>
/// <param name="exit">How it ended.</param>
/// <param name="errors">What it wrote to standard error.</param>
public sealed class ToolEndedException(ExitedMessage exit, string errors)
    : Exception(errors.Length > 0 ? errors : exit.Signal != 0 ? $"it was ended by signal {exit.Signal}" : $"it ended with {exit.Code}")
{
    /// <summary>How it ended.</summary>
    public ExitedMessage Exit { get; } = exit;
}
