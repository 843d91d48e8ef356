namespace Pyro.EndToEnd;

/// <summary>The programs in examples/, built against the package as anybody would get it, do what they say.</summary>
[Collection(HostCollection.Name)]
public sealed class ExampleTests
{
    [Fact]
    public async Task All_four_run()
    {
        CommandResult result = await Host.ScriptAsync("examples/run");

        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal(
            """
            Linux x86_64
            exit code 0 in a machine of its own (guest_vsock)
            made: Stopped, not started yet; network: off
            started: Running
            Linux x86_64
            gone after its command
            before the patch: exit code 1
            patched: greet
            after the patch: exit code 0
            diff --git a/greet b/greet
            --- a/greet
            +++ b/greet
            @@ -1 +1 @@
            -echo 'Hello, wrold'
            +echo 'Hello, world'
            exported 20 bytes: echo 'Hello, world'
            after the reset: exit code 1
            copy 1: sum of the remainders by 2: 500
            copy 2: sum of the remainders by 3: 1000
            copy 3: sum of the remainders by 4: 1500
            the source has: numbers
            0755 /workspace/notes
            0644 /workspace/notes/today.md
            kept on the disk
            an ext4 image: yes

            """,
            result.Text);
    }

    [Fact]
    public async Task An_unknown_one_is_answered_with_those_there_are()
    {
        CommandResult result = await Host.ScriptAsync("examples/run", "Nonsense");

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("OneShot WorkspaceLoop ForkFanOut DiskTools", $"{result}", StringComparison.Ordinal);
    }
}
