using Pyro.Vmm.Devices;

namespace Pyro.Vmm.Tests.Devices;

public sealed class PowerTests
{
    [Fact]
    public void Only_the_reset_pulse_on_the_command_port_resets()
    {
        int resets = 0;
        var controller = new I8042(() => resets++);
        controller.Write(0, [0xfe]);
        controller.Write(4, [0xd1]);
        Assert.Equal(0, resets);
        controller.Write(4, [0xfe]);
        Assert.Equal(1, resets);
    }

    [Fact]
    public void An_idle_controller_reads_as_free_and_empty()
    {
        var controller = new I8042(() => { });
        byte[] status = [0xff];
        controller.Read(4, status);
        Assert.Equal(0, status[0]);
    }

    [Fact]
    public void Only_the_power_off_byte_switches_off()
    {
        int offs = 0;
        var port = new PowerPort(() => offs++);
        port.Write(0, [0]);
        port.Write(0, [0x34, 0x34]);
        Assert.Equal(0, offs);
        port.Write(0, [0x34]);
        Assert.Equal(1, offs);
    }
}
