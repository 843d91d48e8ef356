namespace Pyro.UapiReader;

/// <summary>A struct or union as clang's AST has it.</summary>
internal sealed class CRecord(string? name, string tag)
{
    /// <summary>The tag's name, or that of the typedef; null for one without either.</summary>
    public string? Name { get; set; } = name;

    /// <summary><c>struct</c>, <c>union</c>, or <c>typedef</c>.</summary>
    public string Kind { get; set; } = tag;

    /// <summary>Members in order, unnamed bitfields too.</summary>
    public List<CField> Fields { get; } = [];
}
