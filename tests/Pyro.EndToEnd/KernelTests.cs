namespace Pyro.EndToEnd;

/// <summary>Real kernels by each way to boot one.</summary>
[Collection(HostCollection.Name)]
public sealed class KernelTests(Host host)
{
    [Fact]
    public async Task The_kernel_boots_by_PVH_too()
    {
        CommandResult result = await host.ShellAsync("PYRO_KERNEL_BOOT=pvh pyro run debian:12 --cold --quiet -- git --version");
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.StartsWith("git version ", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bzImage_is_unpacked_and_boots_to_the_agent()
    {
        // Debian's own kernel has vsock as a module, which nobody loads: the agent starts and says so.
        CommandResult result = await host.ShellAsync("""
            export XDG_CACHE_HOME=$(mktemp -d); trap 'rm -rf "$XDG_CACHE_HOME"' EXIT
            mkdir -m 700 "$XDG_CACHE_HOME/pyro"
            ln -s ~/.cache/pyro/environments "$XDG_CACHE_HOME/pyro/environments"
            kernel=$(ls /boot/vmlinuz-* | tail -n 1)
            PYRO_KERNEL=$kernel pyro run debian:12 --cold --quiet -- true
            """);
        Assert.True(result.ExitCode == 125, $"{result}");
        Assert.Contains("the agent could not start: socket vsock: Address family not supported by protocol", result.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_way_to_boot_is_refused_by_name()
    {
        CommandResult result = await host.ShellAsync("PYRO_KERNEL_BOOT=uefi pyro run debian:12 -- true");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("'uefi', which is no boot protocol", result.Stderr, StringComparison.Ordinal);
    }
}
