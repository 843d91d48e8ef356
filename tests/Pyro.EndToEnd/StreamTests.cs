using System.Security.Cryptography;

namespace Pyro.EndToEnd;

[Collection(HostCollection.Name)]
public sealed class StreamTests(Host host)
{
    [Fact]
    public async Task A_hundred_mebibytes_of_output_arrive_byte_for_byte()
    {
        // Compared on the machine that pyro runs on: the way out of an emulated lab would only add its own minutes.
        CommandResult result = await host.ShellAsync($$"""
            folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
            pyro run debian:12 --timeout-seconds 600 -- sh -c 'head -c 104857600 /dev/urandom >/tmp/x; sha256sum </tmp/x >&2; cat /tmp/x' >"$folder/out" 2>"$folder/err"
            stat -c %s "$folder/out"
            [ "$(sha256sum <"$folder/out")" = "$(grep -E '^[0-9a-f]{64}  -$' "$folder/err")" ] && echo equal
            """, limit: TimeSpan.FromMinutes(12));
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal("104857600\nequal\n", result.Text);
    }

    [Fact]
    public async Task Standard_input_goes_through_cat_unchanged()
    {
        byte[] data = RandomNumberGenerator.GetBytes(1 << 20);
        CommandResult result = await host.PyroAsync(data, "run", "debian:12", "--interactive", "--", "cat");
        Assert.True(result.ExitCode == 0, $"exit code {result.ExitCode}: {result.Stderr}");
        Assert.True(data.AsSpan().SequenceEqual(result.Stdout), $"{data.Length} bytes went in, {result.Stdout.Length} came out and differ");
    }

    [Fact]
    public async Task Output_and_errors_stay_apart()
    {
        CommandResult result = await host.PyroAsync("run", "debian:12", "--quiet", "--", "sh", "-c", "echo out; echo err >&2");
        Assert.Equal("out\n", result.Text);
        Assert.Equal("err\n", result.Stderr);
    }

    [Fact]
    public async Task Arguments_environment_and_folder_arrive_as_given()
    {
        CommandResult result = await host.PyroAsync(
            "run", "debian:12", "--env", "GREETING=hello  world", "--workdir", "/usr/share", "--",
            "sh", "-c", "printf '<%s>' \"$@\"; printf '%s|%s' \"$GREETING\" \"$PWD\"", "sh", "", "a b", "new\nline", "it's", "☃ $HOME", "*");
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal("<><a b><new\nline><it's><☃ $HOME><*>hello  world|/usr/share", result.Text);
    }
}
