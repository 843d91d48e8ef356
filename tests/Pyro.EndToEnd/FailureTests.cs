namespace Pyro.EndToEnd;

/// <summary>What a user may run into: each a clear error with its own code, soon, and never a stack trace.</summary>
[Collection(HostCollection.Name)]
public sealed class FailureTests(Host host)
{
    // A cache of its own, whose environment is a link to the real one's files.
    private const string OwnCache = """
        base=$(mktemp -d); trap 'rm -rf "$base"' EXIT
        real=${XDG_CACHE_HOME:-$HOME/.cache}/pyro
        export XDG_CACHE_HOME=$base
        mkdir -m 700 -p "$base/pyro/environments"
        folder=$(basename "$(dirname "$(XDG_CACHE_HOME=${real%/pyro} pyro env inspect debian:12 --json | jq -r .root_disk)")")
        mkdir -m 700 "$base/pyro/environments/$folder"
        cp "$real/environments/$folder/environment.json" "$base/pyro/environments/$folder/"
        disk=$base/pyro/environments/$folder/rootfs.ext4
        ln -s "$real/environments/$folder/rootfs.ext4" "$disk"

        """;

    [Fact]
    public async Task A_missing_environment()
    {
        CommandResult result = await host.PyroAsync("run", "no-such-environment:1", "--json", "--", "true");
        AssertError(result, "environment_not_found");
    }

    [Fact]
    public async Task A_damaged_kernel()
    {
        AssertError(await host.ShellAsync("""
            base=$(mktemp -d); trap 'rm -rf "$base"' EXIT
            head -c 100000 "$(dirname "$(command -v pyro)")/vmlinux" >"$base/vmlinux"
            PYRO_KERNEL=$base/vmlinux pyro run debian:12 --json -- true
            """), "kernel_damaged");
    }

    [Fact]
    public async Task A_truncated_disk()
    {
        AssertError(await host.ShellAsync(OwnCache + """
            head -c 1M "$(readlink "$disk")" >"$base/cut"
            mv "$base/cut" "$disk"
            pyro run debian:12 --json -- true
            """), "environment_damaged");
    }

    [Fact]
    public async Task No_kvm_device()
    {
        AssertError(await host.ShellAsync("""
            unshare -m bash -c 'mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3; mknod -m 666 /dev/urandom c 1 9; pyro run debian:12 --json -- true'
            """), "kvm_not_found");
    }

    [Fact]
    public async Task No_permission_on_the_kvm_device()
    {
        AssertError(await host.ShellAsync("""
            base=$(mktemp -d); trap 'rm -rf "$base"' EXIT
            chmod 755 "$base"
            folder=$(dirname "$(command -v pyro)")
            cp -L "$folder/pyro" "$folder/pyro-agent" "$folder/vmlinux" "$base/"
            chmod 755 "$base"/*
            mkdir "$base/home"; chown nobody "$base/home"
            cd "$base"
            unshare -m bash -c 'touch "$0/kvm"; mknod -m 600 "$0/node" c 10 232; mount --bind "$0/node" /dev/kvm
              exec setpriv --reuid nobody --clear-groups env -u XDG_RUNTIME_DIR HOME="$0/home" "$0/pyro" run debian:12 --json -- true' "$base"
            """), "kvm_no_permission");
    }

    [Fact]
    public async Task No_memory_left()
    {
        AssertError(await host.ShellAsync("""
            total=$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
            pyro run debian:12 --json --mem-mib $((total * 2)) -- true
            """), "out_of_memory");
    }

    private static void AssertError(CommandResult result, string code)
    {
        Assert.True(result.ExitCode == 125, $"{result}");
        Assert.Contains("\"ok\": false", result.Text, StringComparison.Ordinal);
        Assert.Contains($"\"code\": \"{code}\"", result.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Text + result.Stderr, StringComparison.Ordinal);
    }
}
