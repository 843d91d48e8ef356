namespace Pyro.Vmm.Virtio;

/// <summary>What one type of virtio device is, apart from how the guest reaches it.</summary>
/// <remarks>
/// The transport calls these on vCPU threads, one at a time except for <see cref="ReadConfig"/>, which is also called
/// on the thread that says that configuration has changed. A device that is also
/// <see cref="IDisposable"/> is disposed of by its transport.
/// </remarks>
public abstract class VirtioDevice
{
    /// <summary>The device type (virtio 1.2, section 5).</summary>
    public abstract uint DeviceId { get; }

    /// <summary>The device type's name, as people read it: <c>block</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Feature bits of the device type; the transport adds its own.</summary>
    public abstract ulong Features { get; }

    /// <summary>The most entries of each queue: powers of two. As many queues as numbers.</summary>
    public abstract ReadOnlySpan<ushort> QueueMaxSizes { get; }

    /// <summary>Device configuration, for the driver to read: asked for at the start and after every change.</summary>
    /// <param name="offset">Bytes into the configuration.</param>
    /// <param name="data">To be filled: 8 bytes. It is zero before the call.</param>
    public virtual void ReadConfig(uint offset, Span<byte> data)
    {
    }

    /// <summary>The driver writes device configuration.</summary>
    /// <param name="offset">Bytes into the configuration.</param>
    /// <param name="data">1, 2, 4 or 8 bytes.</param>
    public virtual void WriteConfig(uint offset, ReadOnlySpan<byte> data)
    {
    }

    /// <summary>The driver is ready: queues may be used from now on.</summary>
    public abstract void Activate(VirtioActivation activation);

    /// <summary>Back to before <see cref="Activate"/>. When it returns, no thread of the device touches guest memory any more.</summary>
    public abstract void Reset();

    /// <summary>
    /// The machine is paused: when this returns, no thread of the device touches guest memory. What the device has with
    /// the host, such as connections, it keeps if it can.
    /// </summary>
    internal virtual void Pause() => Reset();

    /// <summary>Goes on with the same queues after <see cref="Pause"/>.</summary>
    /// <returns>False if the device is to be activated anew.</returns>
    internal virtual bool TryResume() => false;

    /// <summary>Answers <see cref="ReadConfig"/> out of the whole configuration.</summary>
    protected static void CopyConfig(ReadOnlySpan<byte> config, uint offset, Span<byte> data)
    {
        if (offset >= (uint)config.Length)
            return;
        ReadOnlySpan<byte> rest = config[(int)offset..];
        rest[..Math.Min(rest.Length, data.Length)].CopyTo(data);
    }
}
