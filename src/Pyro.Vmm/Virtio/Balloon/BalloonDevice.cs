using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Virtio.Balloon;

/// <summary>
/// virtio-balloon (virtio 1.2, 5.5) for free page reporting alone: what the guest says it does not use goes back to
/// the host at once, and comes back when the guest touches it.
/// </summary>
/// <remarks>
/// <para>The balloon itself is never asked to be larger than nothing: both numbers of its configuration stay zero, and a
/// page that a driver puts into it all the same stays the guest's.</para>
/// <para>VIRTIO_BALLOON_F_PAGE_POISON is not offered. Without it a driver treats a reported page as uninitialized memory,
/// so it may come back as zeroes or as what a snapshot's memory file holds there; and a guest that counts on what its free
/// pages hold (init_on_free, page poisoning) then does not report any.</para>
/// </remarks>
public sealed class BalloonDevice : VirtioDevice, IDisposable
{
    private const ulong Reporting = 1UL << Uapi.VIRTIO_BALLOON_F_REPORTING;

    /// <summary>Behind the queues to inflate and to deflate. Those of features that are not offered have no number.</summary>
    private const int ReportingQueue = 2;

    // Linux reports 32 ranges at once, and not at all if the queue is smaller than that.
    private static readonly ushort[] s_queueMaxSizes = [64, 64, 64];

    private QueueWorker? _worker;

    /// <inheritdoc/>
    public override uint DeviceId => Uapi.VIRTIO_ID_BALLOON;

    /// <inheritdoc/>
    public override string Name => "balloon";

    /// <inheritdoc/>
    public override ulong Features => Reporting;

    /// <inheritdoc/>
    public override ReadOnlySpan<ushort> QueueMaxSizes => s_queueMaxSizes;

    /// <inheritdoc/>
    public override void Activate(VirtioActivation activation)
    {
        ArgumentNullException.ThrowIfNull(activation);
        GuestMemory? reported = activation.Has(Reporting) ? activation.Memory : null;
        _worker = new QueueWorker(
            "virtio-balloon", activation, index => Process(activation.Queues[index]!, index == ReportingQueue ? reported : null));
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        _worker?.Dispose();
        _worker = null;
    }

    /// <inheritdoc/>
    public void Dispose() => Reset();

    /// <summary>Answers every request of a queue.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="reported">The memory that its requests report pages of; null if they do not.</param>
    internal static void Process(VirtQueue queue, GuestMemory? reported)
    {
        do
        {
            queue.DisableNotifications();
            while (queue.TryPop(out DescriptorChain chain))
            {
                foreach (IoVector range in chain.Writable)
                    reported?.GiveBack(range);
                queue.AddUsed(chain.Head, 0);
                queue.NotifyUsed();
            }
        }
        while (queue.EnableNotifications());
    }
}
