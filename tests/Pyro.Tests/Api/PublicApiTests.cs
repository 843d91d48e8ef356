namespace Pyro.Tests.Api;

/// <summary>A change of the SDK's public surface is a decision: run with PYRO_APPROVE=1 and commit docs/api/Pyro.txt.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public void The_public_surface_is_the_approved_one() =>
        Approved.Check(Path.Combine("docs", "api", "Pyro.txt"), PublicApi.Of(typeof(PyroClient).Assembly));
}
