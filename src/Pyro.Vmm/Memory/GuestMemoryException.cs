namespace Pyro.Vmm.Memory;

/// <summary>An address range that this VMM itself computed lies outside guest memory.</summary>
/// <remarks>Addresses that come from the guest are checked with the <c>Try</c> methods of <see cref="GuestMemory"/> and never throw.</remarks>
public sealed class GuestMemoryException(GuestAddress address, ulong length)
    : Exception($"guest memory has no {length} bytes at {address}")
{
    /// <summary>First address of the range.</summary>
    public GuestAddress Address { get; } = address;

    /// <summary>Bytes in the range.</summary>
    public ulong Length { get; } = length;
}
