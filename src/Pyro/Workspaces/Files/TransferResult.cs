namespace Pyro.Workspaces.Files;

/// <summary>What was pushed or exported.</summary>
/// <param name="Entries">Files, links and folders.</param>
/// <param name="Bytes">Bytes of their content.</param>
/// <param name="Origin">For a push, what the source is: <c>git</c>, <c>directory</c> or <c>archive</c>; for an export <c>file</c> or <c>directory</c>.</param>
internal sealed record TransferResult(ulong Entries, ulong Bytes, string Origin);
