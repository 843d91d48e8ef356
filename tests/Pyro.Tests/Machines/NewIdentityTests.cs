using Pyro.Machines;

namespace Pyro.Tests.Machines;

public sealed class NewIdentityTests
{
    [Theory]
    [InlineData("debian:12", "debian-12")]
    [InlineData("docker.io/library/alpine:3", "alpine-3")]
    [InlineData("::", "pyro")]
    public void An_environments_name_becomes_a_host_name(string environment, string expected) =>
        Assert.Equal(expected, NewIdentity.HostName(environment));

    [Fact]
    public void A_forks_host_name_ends_in_its_id_and_is_none_too_long()
    {
        Assert.Equal("debian-12-0123456789ab", NewIdentity.HostName("debian:12", "0123456789ab"));
        string name = NewIdentity.HostName(new string('x', 200), "0123456789ab");
        Assert.Equal(63, name.Length);
        Assert.EndsWith("x-0123456789ab", name, StringComparison.Ordinal);
        Assert.NotEqual(NewIdentity.Request("a").Entropy.ToArray(), NewIdentity.Request("a").Entropy.ToArray());
    }
}
