namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>RST packets that answer packets of no connection.</summary>
internal sealed class ResetQueue
{
    private const int Capacity = 256;

    private readonly VsockHeader[] _headers = new VsockHeader[Capacity];
    private int _first;

    internal int Count { get; private set; }

    /// <summary>
    /// Whether another packet of the guest may be looked at. A guest that sends and does not receive is not served
    /// further, as virtio 1.2, 5.10.6.1 has it: its answers would take ever more memory.
    /// </summary>
    internal bool HasRoom => Count < Capacity;

    internal void Add(in VsockHeader header) => _headers[(_first + Count++) % Capacity] = header;

    internal ref readonly VsockHeader First => ref _headers[_first];

    internal void RemoveFirst()
    {
        _first = (_first + 1) % Capacity;
        Count--;
    }
}
