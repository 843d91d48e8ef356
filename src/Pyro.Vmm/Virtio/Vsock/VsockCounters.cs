namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>Written by the device's thread alone, read by any.</summary>
internal sealed class VsockCounters
{
    internal long Connections;
    internal long FromHost;
    internal long FromGuest;
    internal long Refused;
    internal long Resets;
    internal long Malformed;
    internal long PacketsToGuest;
    internal long PacketsFromGuest;
    internal long BytesToGuest;
    internal long BytesFromGuest;

    internal VsockStatistics Read() => new(
        Volatile.Read(ref Connections),
        Volatile.Read(ref FromHost),
        Volatile.Read(ref FromGuest),
        Volatile.Read(ref Refused),
        Volatile.Read(ref Resets),
        Volatile.Read(ref Malformed),
        Volatile.Read(ref PacketsToGuest),
        Volatile.Read(ref PacketsFromGuest),
        Volatile.Read(ref BytesToGuest),
        Volatile.Read(ref BytesFromGuest));
}
