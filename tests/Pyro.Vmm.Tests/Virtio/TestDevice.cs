using Pyro.Vmm.Virtio;

namespace Pyro.Vmm.Tests.Virtio;

/// <summary>A device with two queues and eight bytes of configuration that writes down what happens to it.</summary>
internal sealed class TestDevice : VirtioDevice, IDisposable
{
    internal const ulong Feature = (1UL << 3) | (1UL << 40);

    private static readonly ushort[] s_sizes = [16, 64];

    internal readonly List<string> Events = [];
    internal readonly byte[] Config = [1, 2, 3, 4, 5, 6, 7, 8];

    internal VirtioActivation? Activation { get; private set; }

    public override uint DeviceId => 42;

    public override string Name => "test";

    public override ulong Features => Feature;

    public override ReadOnlySpan<ushort> QueueMaxSizes => s_sizes;

    public override void ReadConfig(uint offset, Span<byte> data) => CopyConfig(Config, offset, data);

    public override void WriteConfig(uint offset, ReadOnlySpan<byte> data) => Events.Add($"config {offset} {Convert.ToHexString(data)}");

    public override void Activate(VirtioActivation activation)
    {
        Activation = activation;
        Events.Add("activate");
    }

    public override void Reset() => Events.Add("reset");

    public void Dispose() => Events.Add("dispose");
}
