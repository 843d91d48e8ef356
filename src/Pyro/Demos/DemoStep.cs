namespace Pyro.Demos;

/// <summary>A step of the demonstration, after it was done.</summary>
/// <param name="Title">What was done.</param>
/// <param name="Explanation">What that means, a few lines.</param>
/// <param name="Output">What the guest printed.</param>
/// <param name="Took">How long it took.</param>
public sealed record DemoStep(string Title, IReadOnlyList<string> Explanation, IReadOnlyList<string> Output, TimeSpan Took);
