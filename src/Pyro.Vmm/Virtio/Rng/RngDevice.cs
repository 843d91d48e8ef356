using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Virtio.Rng;

/// <summary>virtio-rng: the host's random numbers (virtio 1.2, 5.4).</summary>
public sealed class RngDevice : VirtioDevice, IDisposable
{
    /// <summary>The most bytes given for one request; a driver that wants more asks again.</summary>
    public const uint MaxRequestBytes = 64 << 10;

    private static readonly ushort[] s_queueMaxSizes = [64];

    private QueueWorker? _worker;

    /// <inheritdoc/>
    public override uint DeviceId => Uapi.VIRTIO_ID_RNG;

    /// <inheritdoc/>
    public override string Name => "rng";

    /// <inheritdoc/>
    public override ulong Features => 0;

    /// <inheritdoc/>
    public override ReadOnlySpan<ushort> QueueMaxSizes => s_queueMaxSizes;

    /// <inheritdoc/>
    public override void Activate(VirtioActivation activation)
    {
        ArgumentNullException.ThrowIfNull(activation);
        if (activation.Queues[0] is { } queue)
            _worker = new QueueWorker("virtio-rng", activation, _ => Process(queue));
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        _worker?.Dispose();
        _worker = null;
    }

    /// <inheritdoc/>
    public void Dispose() => Reset();

    internal static void Process(VirtQueue queue)
    {
        do
        {
            queue.DisableNotifications();
            while (queue.TryPop(out DescriptorChain chain))
            {
                queue.AddUsed(chain.Head, Fill(chain));
                queue.NotifyUsed();
            }
        }
        while (queue.EnableNotifications());
    }

    private static unsafe uint Fill(in DescriptorChain chain)
    {
        uint written = 0;
        foreach (IoVector piece in chain.SliceWritable(0, MaxRequestBytes))
        {
            for (nuint done = 0; done < piece.Length;)
            {
                // SAFETY: the queue checked the piece against guest memory; what is left of it lies within.
                nint count = Libc.getrandom((byte*)piece.Base + done, piece.Length - done, 0);
                if (count > 0)
                    done += (nuint)count;
            }

            written += (uint)piece.Length;
        }

        return written;
    }
}
