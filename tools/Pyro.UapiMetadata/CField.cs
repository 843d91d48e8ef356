namespace Pyro.UapiReader;

/// <summary>A member as clang's AST has it.</summary>
/// <param name="Name">Empty for an unnamed bitfield and for an anonymous struct or union.</param>
/// <param name="Type">The type as C writes it.</param>
/// <param name="Unnamed">The record without a name that the type is made of, if it is.</param>
/// <param name="IsAnonymous">An anonymous struct or union: its members are the outer record's.</param>
internal sealed record CField(string Name, string Type, CRecord? Unnamed, bool IsAnonymous);
