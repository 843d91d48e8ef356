namespace Pyro.Tests.Running;

public sealed class RunRequestTests
{
    public static TheoryData<RunRequest> Refused => new()
    {
        Good with { Environment = " " },
        Good with { Command = [] },
        Good with { Command = [""] },
        Good with { Command = ["a\0b"] },
        Good with { VcpuCount = 0 },
        Good with { VcpuCount = 33 },
        Good with { MemMib = 63 },
        Good with { TimeoutSeconds = 0 },
        Good with { TimeoutSeconds = RunRequest.MaxSeconds + 1 },
        Good with { TtlSeconds = 0 },
        Good with { Workdir = "relative" },
        Good with { Env = new Dictionary<string, string> { [""] = "x" } },
        Good with { Env = new Dictionary<string, string> { ["A=B"] = "x" } },
        Good with { Env = new Dictionary<string, string> { ["A"] = "\0" } },
    };

    private static RunRequest Good => new() { Environment = "debian:12", Command = ["true"] };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_outside_the_limits_is_refused_with_a_hint(RunRequest request)
    {
        PyroException error = Assert.Throws<PyroException>(request.Validate);

        Assert.Equal(ErrorCodes.InvalidArgument, error.Code);
        Assert.NotNull(error.Hint);
    }

    [Fact]
    public void The_defaults_are_those_of_the_contract()
    {
        Good.Validate();

        Assert.Equal((1, 1024, 30, 600), (Good.VcpuCount, Good.MemMib, Good.TimeoutSeconds, Good.TtlSeconds));
    }
}
