namespace Pyro.Diagnostics;

/// <summary>One thing that a doctor looked at.</summary>
/// <param name="Name">A stable word for programs.</param>
/// <param name="Status">What it came to.</param>
/// <param name="Message">What was found.</param>
/// <param name="Hint">What to do about it, or null.</param>
public sealed record DoctorCheck(string Name, CheckStatus Status, string Message, string? Hint);
