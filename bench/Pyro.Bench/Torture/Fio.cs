using System.Globalization;

namespace Pyro.Bench.Torture;

/// <summary>
/// The load in the guest: two fio processes that write their files over and over in random order, past the page cache and
/// through it, and verify each block by checksum and by the number of the write that it is of, so that an old block is as
/// wrong as a damaged one. They are started once; all machines go on with what their snapshot had of them.
/// </summary>
internal static class Fio
{
    private const int BlockKib = 4;

    // Between bursts of blocks they sleep, so that many machines fit a host; dmesg stays to tell what the
    // kernel complains of, other than of a host so busy that a timer's interrupt took long.
    private const string Install = """
        set -e
        mkdir /fio && cd /fio && tar x
        cat >run <<'END'
        #!/bin/sh
        exec /fio/lib/ld-linux-x86-64.so.2 --library-path /fio/lib /fio/lib/fio --output-format=terse --size=4m --bs=4k --verify=crc32c --verify_fatal=1 --thread --randrepeat=0 "$@"
        END
        cat >start <<'END'
        #!/bin/sh
        job=$1; shift
        sh -c 'echo $$ >$0.pid; exec ./run --name=$0 --filename=/fio/$0 --rw=randwrite --loops=1000000 --verify_backlog=32 --thinktime_blocks=8 --thinktime=150000 "$@"' $job "$@" >$job.log 2>&1
        echo $? >$job.exit
        END
        chmod +x run start
        ./run --rw=write --do_verify=0 --end_fsync=1 --ioengine=psync --name=direct --filename=/fio/direct --name=buffered --filename=/fio/buffered >fill
        {
          setsid ./start direct --ioengine=libaio --iodepth=8 --direct=1 &
          setsid ./start buffered --ioengine=psync --fdatasync=16 &
          setsid sh -c 'dmesg --follow --level=emerg,alert,crit,err,warn 2>&1 | grep --line-buffered -v "hrtimer: interrupt took"' >complaints &
        } </dev/null >/dev/null 2>&1
        """;

    // Both have written something, and so verified what was behind it, since this was called.
    private const string Check = """
        cd /fio
        : >stamp
        until sleep 0.3; [ direct -nt stamp ] && [ buffered -nt stamp ]; do
          for job in direct buffered; do [ ! -e $job.exit ] || { echo "fio $job ended: $(cat $job.log)"; exit 1; }; done
        done
        [ ! -s complaints ] || { echo "the kernel complains: $(cat complaints)"; exit 1; }
        """;

    private const string DropCaches = "echo 3 >/proc/sys/vm/drop_caches\n";

    // And once more from the disk, all of it.
    private const string End = """
        cd /fio
        kill -TERM "$(cat direct.pid)" "$(cat buffered.pid)"
        until [ -e direct.exit ] && [ -e buffered.exit ]; do sleep 0.1; done
        sync
        echo 3 >/proc/sys/vm/drop_caches
        ./run --rw=read --ioengine=psync --name=direct --filename=/fio/direct --name=buffered --filename=/fio/buffered >read 2>&1 || { cat read; exit 1; }
        cat direct.log buffered.log read complaints
        """;

    /// <summary>Brings fio into a guest and starts it.</summary>
    /// <param name="guest">The guest.</param>
    /// <param name="archive">A tar with <c>lib/</c>: fio, the loader and all its libraries.</param>
    internal static async Task StartAsync(Guest guest, Stream archive)
    {
        await guest.ShellAsync(Install, archive);
        await CheckAsync(guest, dropCaches: true);
    }

    /// <summary>Fails unless both go on and the guest's kernel has nothing to complain of.</summary>
    internal static Task CheckAsync(Guest guest, bool dropCaches) => guest.ShellAsync(dropCaches ? DropCaches + Check : Check);

    /// <summary>Ends both, and reads their files once more.</summary>
    /// <returns>How many blocks they wrote and verified.</returns>
    internal static async Task<(long Written, long Verified)> EndAsync(Guest guest)
    {
        string[] lines = (await guest.ShellAsync(End)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[][] results = [.. lines.Where(line => line.StartsWith("3;fio", StringComparison.Ordinal)).Select(line => line.Split(';'))];
        string[] others = [.. lines.Where(line => !line.StartsWith("3;fio", StringComparison.Ordinal) && !line.StartsWith("fio: terminating on signal", StringComparison.Ordinal))];
        // Field 5 is the error, 6 and 47 are the KiB that were read and written.
        if (results.Length != 4 || others.Length > 0 || results.Any(fields => fields[4] != "0"))
            throw new BenchException($"fio ended with: {string.Join('\n', lines)}");
        return (results.Sum(fields => Number(fields[46])) / BlockKib, results.Sum(fields => Number(fields[5])) / BlockKib);
    }

    private static long Number(string field) => long.Parse(field, CultureInfo.InvariantCulture);
}
