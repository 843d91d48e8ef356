using Pyro.Vmm.Virtio;

namespace Pyro.Vmm.Tests.Virtio;

/// <summary>Counts what a device asks of its transport.</summary>
internal sealed class RecordingTransport : IVirtioTransport
{
    internal int UsedSignals { get; private set; }

    internal string? NeedsReset { get; private set; }

    public void SignalUsed() => UsedSignals++;

    public void SignalConfigChange() => throw new InvalidOperationException("no device under test changes its configuration");

    public void SetNeedsReset(string reason) => NeedsReset ??= reason;
}
