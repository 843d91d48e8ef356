namespace Pyro.EndToEnd;

/// <summary>Data under load: what was written is what is read.</summary>
[Collection(HostCollection.Name)]
public sealed class DataTests(Host host)
{
    [Fact]
    public async Task Fio_finds_every_checksum_on_the_root_disk()
    {
        // The guest has no network to install fio from: it gets the host's, with its libraries, by standard input.
        CommandResult result = await host.ShellAsync("""
            { echo /usr/bin/fio; ldd /usr/bin/fio | grep -o '/[^ ]*'; } | sort -u >/tmp/fio-files
            tar -chzf - -T /tmp/fio-files 2>/dev/null | pyro run debian:12 --quiet --interactive --vcpu-count 2 --timeout-seconds 900 -- sh -c '
              mkdir /fio && tar -xz -C /fio && export LD_LIBRARY_PATH=$(find /fio -name "*.so*" -printf "%h\n" | sort -u | tr "\n" :) &&
              /fio/usr/bin/fio --directory=/var/tmp --size=16M --ioengine=psync --direct=1 --verify=crc32c --verify_fatal=1 --do_verify=1 \
                --group_reporting --output-format=terse --terse-version=3 \
                --name=random --rw=randwrite --bs=4k --numjobs=3 \
                --name=mixed --rw=randrw --bsrange=512-64k --bs_unaligned=0 --numjobs=2 \
                --name=sequential --rw=write --bs=256k --fsync=8 >/tmp/log 2>&1 || { code=$?; tail -n 20 /tmp/log >&2; exit $code; }
              echo verified'
            """, limit: TimeSpan.FromMinutes(20));
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal("verified\n", result.Text);
    }

    [Fact]
    public async Task Many_vsock_connections_at_once_carry_their_own_data()
    {
        // Sockets of the guest and of the host's side by an independent peer: perl, which both have.
        CommandResult result = await host.ShellAsync("""
            base=$(mktemp -d); trap 'kill $machine 2>/dev/null || :; wait 2>/dev/null; rm -rf "$base"' EXIT
            export XDG_RUNTIME_DIR=$base/run
            mkdir -m 700 "$XDG_RUNTIME_DIR"
            pyro run debian:12 --quiet --timeout-seconds 600 -- perl -e '
              my $l; socket($l, 40, 1, 0) && bind($l, pack("S S L L x4", 40, 0, 5000, 0xffffffff)) && listen($l, 128) or die "listen: $!";
              $SIG{CHLD} = "IGNORE"; $| = 1; print "listening\n";
              while (1) {
                accept(my $c, $l) or next;
                next if fork;
                while (my $n = sysread($c, my $data, 65536)) {
                  for (my $at = 0; $at < $n;) { $at += syswrite($c, $data, $n - $at, $at) or exit 1 }
                }
                exit 0;
              }' >"$base/out.txt" 2>"$base/err.txt" &
            machine=$!
            for _ in $(seq 1200); do grep -q listening "$base/out.txt" && break; kill -0 $machine || { cat "$base/err.txt"; exit 1; }; sleep 0.1; done
            perl -e '
              my ($path) = glob "$ENV{XDG_RUNTIME_DIR}/pyro/*/vsock.sock";
              my $bad = 0; my @children;
              for my $i (1 .. 64) {
                push @children, my $pid = fork; next if $pid;
                for my $round (1 .. 4) {
                  my $s; socket($s, 1, 1, 0) && connect($s, pack("S Z108", 1, $path)) or die "connect: $!";
                  syswrite $s, "CONNECT 5000\n"; my $line = "";
                  while ($line !~ /\n/) { sysread($s, $line, 1, length $line) or die "closed after: $line" }
                  $line =~ /^OK \d+\n$/ or die "answered: $line";
                  my $data = pack("L*", map { $i * 7919 + $round * 104729 + $_ * 31 } 1 .. 16384); my $back = "";
                  if (!(my $writer = fork)) { for (my $at = 0; $at < length $data;) { $at += syswrite($s, $data, 8192, $at) } exit 0 }
                  while (length $back < length $data) { sysread($s, $back, 65536, length $back) or die "cut short" }
                  wait; $back eq $data or die "differs";
                }
                exit 0;
              }
              for (@children) { waitpid $_, 0; $bad++ if $? }
              print "$bad of 64 failed\n"'
            """, limit: TimeSpan.FromMinutes(15));
        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal("0 of 64 failed\n", result.Text);
    }
}
