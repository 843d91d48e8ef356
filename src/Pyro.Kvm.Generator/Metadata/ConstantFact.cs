namespace Pyro.Kvm.Generator.Metadata;

/// <summary>A macro or enumerator that is an integer constant.</summary>
internal sealed class ConstantFact
{
    /// <summary>Creates the fact.</summary>
    public ConstantFact(string name, string type, string value)
    {
        Name = name;
        Type = type;
        Value = value;
    }

    /// <summary>The C name.</summary>
    public string Name { get; }

    /// <summary>The type C gives it: <c>i32</c>, <c>u32</c>, <c>i64</c> or <c>u64</c>.</summary>
    public string Type { get; }

    /// <summary>The value in decimal.</summary>
    public string Value { get; }
}
