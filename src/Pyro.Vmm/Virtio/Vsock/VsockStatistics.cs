namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>What a vsock device has done since it was made. Each number is exact, though not all of the same instant.</summary>
/// <param name="Connections">Connections there are now, also those still opening or closing.</param>
/// <param name="FromHost">Connections that host programs opened and the guest accepted.</param>
/// <param name="FromGuest">Connections that the guest opened and a host program accepted.</param>
/// <param name="Refused">Connections of either side that were not accepted.</param>
/// <param name="Resets">Connections that ended by RST, or by a violation of the protocol.</param>
/// <param name="Malformed">Packets and buffers of the guest that were thrown away.</param>
/// <param name="PacketsToGuest">Packets put into the receive queue.</param>
/// <param name="PacketsFromGuest">Packets taken from the transmit queue.</param>
/// <param name="BytesToGuest">Stream bytes given to the guest.</param>
/// <param name="BytesFromGuest">Stream bytes taken from the guest.</param>
public readonly record struct VsockStatistics(
    long Connections,
    long FromHost,
    long FromGuest,
    long Refused,
    long Resets,
    long Malformed,
    long PacketsToGuest,
    long PacketsFromGuest,
    long BytesToGuest,
    long BytesFromGuest);
