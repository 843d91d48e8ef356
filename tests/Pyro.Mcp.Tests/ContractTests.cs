namespace Pyro.Mcp.Tests;

public sealed class ContractTests
{
    [Fact]
    public void The_default_profile_is_one_of_those_there_are()
    {
        Assert.Contains(Contract.DefaultProfile, Contract.Profiles);
    }

    [Fact]
    public async Task An_unknown_profile_is_answered_with_those_there_are()
    {
        PyroException error = await Assert.ThrowsAsync<PyroException>(() => new PyroClient().ServeStdioAsync(new PyroMcpOptions { Profile = "nonsense" }));

        Assert.Equal(ErrorCodes.InvalidArgument, error.Code);
        Assert.Contains("vm-run", error.Hint, StringComparison.Ordinal);
    }
}
