namespace Pyro.Vmm.Memory;

/// <summary>A guest-physical address, in bytes. Not an address of this process: only <see cref="GuestMemory"/> turns one into the other.</summary>
/// <param name="Value">Bytes from guest-physical zero.</param>
public readonly record struct GuestAddress(ulong Value)
{
    /// <inheritdoc/>
    public override string ToString() => $"0x{Value:x}";
}
