using Pyro.Kvm.Native;
using Pyro.Vmm.Virtio.Vsock;

namespace Pyro.Vmm.Tests.Virtio.Vsock;

public sealed class CreditTests
{
    [Fact]
    public unsafe void The_header_has_the_layout_of_the_kernel()
    {
        var header = new VsockHeader
        {
            SourceCid = 1, DestinationCid = 2, SourcePort = 3, DestinationPort = 4, Length = 5, Type = 6, Op = VsockOp.RW, Flags = 8, BufAlloc = 9, FwdCnt = 10,
        };
        virtio_vsock_hdr kernel = *(virtio_vsock_hdr*)&header;

        Assert.Equal(sizeof(virtio_vsock_hdr), sizeof(VsockHeader));
        Assert.Equal(VsockHeader.ByteSize, sizeof(VsockHeader));
        Assert.Equal(
            (1UL, 2UL, 3U, 4U, 5U, (ushort)6, (ushort)Uapi.VIRTIO_VSOCK_OP_RW, 8U, 9U, 10U),
            (kernel.src_cid, kernel.dst_cid, kernel.src_port, kernel.dst_port, kernel.len, kernel.type, kernel.op, kernel.flags, kernel.buf_alloc, kernel.fwd_cnt));
    }

    [Fact]
    public void Room_at_the_guest_is_what_it_said_less_what_is_under_way()
    {
        SendCredit credit = default;
        Assert.Equal(0u, credit.Available);
        credit.Update(new VsockHeader { BufAlloc = 1000 });
        credit.Sent(600);
        Assert.Equal(400u, credit.Available);
        credit.Update(new VsockHeader { BufAlloc = 1000, FwdCnt = 600 });
        Assert.Equal(1000u, credit.Available);
    }

    [Fact]
    public void Room_at_the_guest_survives_the_wrap_of_the_counters()
    {
        SendCredit credit = default;
        for (uint sent = 0; sent < 20; sent++)
        {
            credit.Update(new VsockHeader { BufAlloc = 1 << 30, FwdCnt = unchecked(sent * (1u << 30)) });
            Assert.Equal(1u << 30, credit.Available);
            credit.Sent(1 << 30);
            Assert.Equal(0u, credit.Available);
        }
    }

    [Theory]
    [InlineData(100u, 200u)] // has forwarded more than it got
    [InlineData(10u, 0u)]    // has shrunk its buffer below what is under way
    [InlineData(0u, 50u)]
    public void Nonsense_of_the_guest_is_no_room(uint bufAlloc, uint fwdCnt)
    {
        SendCredit credit = default;
        credit.Update(new VsockHeader { BufAlloc = 1000 });
        credit.Sent(50);
        credit.Update(new VsockHeader { BufAlloc = bufAlloc, FwdCnt = fwdCnt });
        Assert.Equal(0u, credit.Available);
    }

    [Fact]
    public void The_guest_may_fill_the_buffer_and_no_more()
    {
        var credit = new ReceiveCredit(4096);
        Assert.True(credit.TryTake(4000));
        Assert.False(credit.TryTake(97));
        Assert.False(credit.TryTake(uint.MaxValue));
        Assert.True(credit.TryTake(96));
        Assert.False(credit.TryTake(1));
        credit.Forward(1);
        Assert.True(credit.TryTake(1));
    }

    [Fact]
    public void The_guest_is_told_once_a_quarter_of_the_buffer_is_free_again()
    {
        var credit = new ReceiveCredit(4096);
        Assert.True(credit.TryTake(4096));
        credit.Forward(1023);
        Assert.False(credit.UpdateIsDue);
        credit.Forward(1);
        Assert.True(credit.UpdateIsDue);
        VsockHeader header = default;
        credit.Stamp(ref header);
        Assert.Equal((4096u, 1024u), (header.BufAlloc, header.FwdCnt));
        Assert.False(credit.UpdateIsDue);
    }
}
