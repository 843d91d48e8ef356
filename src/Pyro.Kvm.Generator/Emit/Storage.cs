using Pyro.Kvm.Generator.Metadata;

namespace Pyro.Kvm.Generator.Emit;

/// <summary>A field that the C# struct really has: a C member, or the integer that holds bitfields.</summary>
internal sealed class Storage(string name, int offset, NativeType type, bool holdsBits)
{
    public string Name { get; } = name;

    public int Offset { get; } = offset;

    public NativeType Type { get; } = type;

    public bool HoldsBits { get; } = holdsBits;
}
