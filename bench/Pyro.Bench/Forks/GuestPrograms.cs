namespace Pyro.Bench.Forks;

/// <summary>Programs that run in the source while it is forked. Perl is in every Debian, and can make system calls.</summary>
internal static class GuestPrograms
{
    internal static readonly string[] Sources = ["urandom", "getrandom", "uuid"];

    /// <summary>
    /// Draws a value, again and again, and writes it behind the machine's id, which it reads before: what was drawn before
    /// the fork and written after it bears the id of the source.
    /// </summary>
    internal static string[] Draw(string from) => Perl("""
        my $from = shift;
        open my $out, ">>", "/root/$from" or die;
        while (1) {
          open my $in, "<", "/etc/machine-id" or die; my $id = <$in>; chomp $id; close $in;
          my $value = "\0" x 16;
          if ($from eq "urandom") { open my $u, "<:raw", "/dev/urandom" or die; sysread($u, $value, 16) == 16 or die; $value = unpack "H*", $value }
          elsif ($from eq "getrandom") { syscall(318, $value, 16, 0) == 16 or die; $value = unpack "H*", $value }
          else { open my $u, "<", "/proc/sys/kernel/random/uuid" or die; $value = <$u>; chomp $value }
          syswrite $out, "$id $value\n";
          select undef, undef, undef, 0.2;
        }
        """, from);

    /// <summary>Writes numbers to its disk, one after the other, and tells each once it is synced.</summary>
    internal static string[] Count() => Perl("""
        open my $out, ">>", "/root/count" or die;
        for (my $n = 1; ; $n++) {
          syswrite $out, "$n\n"; syscall(74, fileno $out) == 0 or die "fsync";
          syswrite STDOUT, "$n\n";
          select undef, undef, undef, 0.2;
        }
        """);

    /// <summary>Tells how many values of each kind were drawn since the machine has its id.</summary>
    internal static string[] CountDraws() => Perl("""
        open my $in, "<", "/etc/machine-id" or die; my $id = <$in>; chomp $id;
        for my $from (@ARGV) { open my $f, "<", "/root/$from"; print scalar(grep { /^$id / } <$f>), "\n" }
        """, Sources);

    /// <summary>Answers on a port of the loopback interface.</summary>
    internal static string[] Serve() => Perl("""
        use Socket;
        socket my $s, PF_INET, SOCK_STREAM, 0 or die; setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1;
        bind $s, sockaddr_in(7777, INADDR_LOOPBACK) or die; listen $s, 8;
        syswrite STDOUT, "listens\n";
        while (1) { accept my $c, $s or next; syswrite $c, "served by $$\n"; close $c }
        """);

    private static string[] Perl(string program, params string[] arguments) => ["perl", "-e", program, .. arguments];
}
