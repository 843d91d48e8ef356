using System.Globalization;

namespace Pyro.EndToEnd;

/// <summary>Memory that a guest has freed goes back to the host.</summary>
[Collection(HostCollection.Name)]
public sealed class MemoryTests(Host host)
{
    [Fact]
    public async Task A_machine_shrinks_when_its_guest_frees_memory_and_grows_again()
    {
        // Prints the own memory of the machine's process in MiB: full, after the guest has freed it, full again.
        CommandResult result = await host.ShellAsync(EndTests.Own + """
            mkfifo "$base/steps"
            pyro run debian:12 --quiet --interactive --timeout-seconds 300 -- sh -c '
              fill() { yes pattern | head -c 200M >/dev/shm/fill; echo "$1 $(cksum </dev/shm/fill)"; }
              fill first; read -r _; rm /dev/shm/fill; read -r _; fill second; read -r _' <"$base/steps" >"$base/out.txt" 2>&1 &
            machine=$!
            exec 3>"$base/steps"
            own() { awk '/^RssAnon/ { print int($2 / 1024) }' "/proc/$(pgrep -P $machine)/status"; }
            until_says "$base/out.txt" first
            full=$(own)
            echo >&3
            for _ in $(seq 60); do [ $(own) -gt $((full - 150)) ] || break; sleep 0.5; done
            echo "$full"; own
            echo >&3
            until_says "$base/out.txt" second
            own
            echo >&3
            wait $machine
            cut -d ' ' -f 2- "$base/out.txt" | uniq | wc -l
            """, limit: TimeSpan.FromMinutes(10));
        Assert.True(result.ExitCode == 0, $"{result}");
        int[] numbers = [.. result.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
        Assert.Equal(4, numbers.Length);
        Assert.InRange(numbers[0], 200, 400);
        Assert.InRange(numbers[1], 1, numbers[0] - 150);
        Assert.InRange(numbers[2], 200, 400);
        Assert.Equal(1, numbers[3]);
    }
}
