using Pyro.Protocol;

namespace Pyro.Workspaces.Files;

/// <summary>One of a list of changes.</summary>
/// <param name="Operation">What to do; its paths as users write them.</param>
/// <param name="Content">What to write, for <see cref="EditKind.Write"/>.</param>
internal sealed record FileEdit(EditOperation Operation, ReadOnlyMemory<byte> Content = default);
