namespace Pyro.Vmm.Tests.Virtio;

/// <summary>
/// What a chain means, written a second time and as plainly as can be: no ring arithmetic, no host addresses, 128-bit sums.
/// The queue under test must agree with it on every chain a driver can make up.
/// </summary>
internal static class VirtQueueModel
{
    internal sealed record Piece(ulong Address, uint Length, bool Writable);

    /// <returns>The pieces, or null where the device must give up on its driver.</returns>
    internal static List<Piece>? Walk(MockDriver driver, ulong memorySize, int maxChain, bool indirectAllowed, int head)
    {
        List<Piece> pieces = [];
        ulong table = driver.Layout.DescriptorArea.Value;
        uint entries = driver.Layout.Size;
        bool inIndirect = false;
        int steps = 0;
        for (uint at = (uint)head; ;)
        {
            if (at >= entries)
                return null;
            ulong descriptor = table + (16UL * at);
            ulong address = driver.Get<ulong>(descriptor);
            uint length = driver.Get<uint>(descriptor + 8);
            ushort flags = driver.Get<ushort>(descriptor + 12);
            ushort next = driver.Get<ushort>(descriptor + 14);

            if ((flags & MockDriver.Indirect) != 0)
            {
                if (!indirectAllowed || inIndirect || (flags & MockDriver.Next) != 0 || length == 0 || length % 16 != 0 || !IsInside(address, length))
                    return null;
                inIndirect = true;
                table = address;
                entries = length / 16;
                at = 0;
                continue;
            }

            if (++steps > maxChain)
                return null;
            bool writable = (flags & MockDriver.Write) != 0;
            if (pieces.Count != 0 && pieces[^1].Writable && !writable)
                return null;
            if (length != 0 && !IsInside(address, length))
                return null;
            pieces.Add(new Piece(address, length, writable));
            if (pieces.Aggregate((UInt128)0, (sum, piece) => sum + piece.Length) > uint.MaxValue)
                return null;
            if ((flags & MockDriver.Next) == 0)
            {
                pieces.RemoveAll(piece => piece.Length == 0);
                return pieces;
            }

            at = next;
        }

        bool IsInside(ulong address, uint length) => (UInt128)address + length <= memorySize;
    }
}
