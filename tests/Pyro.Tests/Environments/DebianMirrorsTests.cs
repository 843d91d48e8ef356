using Pyro.Environments;

namespace Pyro.Tests.Environments;

public sealed class DebianMirrorsTests
{
    [Fact]
    public void Without_apt_lists_Debians_own_servers_are_used()
    {
        Assert.Equal(
            [
                "deb http://deb.debian.org/debian bookworm main",
                "deb http://deb.debian.org/debian bookworm-updates main",
                "deb http://deb.debian.org/debian-security bookworm-security main",
            ],
            DebianMirrors.Lines(""));
    }

    [Fact]
    public void The_machines_mirror_is_taken_suite_by_suite()
    {
        IReadOnlyList<string> lines = DebianMirrors.Lines("""
            http://mirror.example/debian/|bookworm|main|Debian
            http://other.example/debian/|bookworm|main|Debian
            http://mirror.example/debian/|bookworm|contrib|Debian
            https://packages.example/|bookworm|main|Somebody Else
            http://mirror.example/debian/|trixie|main|Debian
            """);

        Assert.Equal("deb http://mirror.example/debian/ bookworm main", lines[0]);
        Assert.Equal("deb http://deb.debian.org/debian bookworm-updates main", lines[1]);
        Assert.Equal(3, lines.Count);
        Assert.Equal("mirror.example, deb.debian.org", DebianMirrors.Hosts(lines));
    }

    [Theory]
    [InlineData("http://user:secret@mirror.example/debian/")]
    [InlineData("file:/srv/debian/")]
    [InlineData("$(REPO_URI)")]
    public void Mirrors_with_a_password_or_on_this_machines_disk_are_not_taken(string uri) =>
        Assert.Equal(DebianMirrors.Lines(""), DebianMirrors.Lines($"{uri}|bookworm|main|Debian"));
}
