namespace Pyro.Kvm.Tests.Layout;

/// <summary>Something that C# and C must agree on.</summary>
/// <param name="Owner">The struct or constant that it is about, as named in the metadata.</param>
/// <param name="Name">What it is, for people.</param>
/// <param name="Managed">What C# says.</param>
/// <param name="C">The expression that says it in C; for a bitfield, the type.</param>
/// <param name="Bitfield">The bitfield's name, if it is about one.</param>
internal sealed record NativeFact(string Owner, string Name, string Managed, string C, string? Bitfield = null);
