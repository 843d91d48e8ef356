namespace Pyro.Kvm.Generator.Metadata;

/// <summary>Headers that were read together, and the names whose facts they gave.</summary>
internal sealed class HeaderGroup
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>Creates a group of no names.</summary>
    public HeaderGroup(IReadOnlyList<string> headers) => Headers = headers;

    /// <summary>The headers, as written in an <c>#include</c>, in order.</summary>
    public IReadOnlyList<string> Headers { get; }

    /// <summary>Whether the group gave a fact of that name.</summary>
    public bool Has(string name) => _names.Contains(name);

    internal void Add(string name) => _names.Add(name);
}
