using System.Text;
using Pyro.Vmm.Virtio.Vsock;

namespace Pyro.Vmm.Tests.Virtio.Vsock;

public sealed class ConnectLineTests
{
    [Theory]
    [InlineData("CONNECT 1024\n", 1024u, 13)]
    [InlineData("CONNECT 0\nGET /", 0u, 10)]
    [InlineData("CONNECT 4294967295\n\n", uint.MaxValue, 19)]
    public void A_port_is_read_and_what_follows_is_left(string line, uint port, int length)
    {
        Assert.True(ConnectLine.TryParse(Encoding.ASCII.GetBytes(line), out uint parsed, out int used));
        Assert.Equal((port, length), (parsed, used));
    }

    [Theory]
    [InlineData("")]
    [InlineData("C")]
    [InlineData("CONNECT ")]
    [InlineData("CONNECT 102")]
    public void An_unfinished_line_may_still_come_to_its_end(string line)
    {
        Assert.True(ConnectLine.TryParse(Encoding.ASCII.GetBytes(line), out _, out int used));
        Assert.Equal(0, used);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("GET / HTTP/1.1")]
    [InlineData("connect 1\n")]
    [InlineData("CONNECT\n")]
    [InlineData("CONNECT \n")]
    [InlineData("CONNECT x\n")]
    [InlineData("CONNECT -1\n")]
    [InlineData("CONNECT +1\n")]
    [InlineData("CONNECT 1 2\n")]
    [InlineData("CONNECT 1\r\n")]
    [InlineData("CONNECT 4294967296\n")]
    [InlineData("CONNECT 00000000000000000000000001")]
    public void Anything_else_is_refused(string line) =>
        Assert.False(ConnectLine.TryParse(Encoding.ASCII.GetBytes(line), out _, out _));
}
