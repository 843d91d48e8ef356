using Pyro.UapiReader;

namespace Pyro.Kvm.Generator.Tests;

public sealed class MacrosTests
{
    private const string Preprocessed = """
        # 1 "<built-in>" 1
        #define BUILT_IN 1
        # 1 "/usr/include/linux/a.h" 1 3 4
        #define PLAIN 1
        #define WITH_PARAMETER(x) (x)
        #define _PRIVATE 1
        #define __NR_call 7
        #define EMPTY
        #define OPEN (
        #define BLOCK { 1 }
        #define GO _IOW('x', 1, int)
        #define ALSO_GO GO
        #define GONE 1
        #undef GONE
        """;

    [Fact]
    public void Only_macros_of_headers_that_could_be_constants_are_tried() =>
        Assert.Equal(["ALSO_GO", "GO", "PLAIN", "__NR_call"], Macros.Read(Preprocessed).Names);

    [Fact]
    public void An_ioctl_is_known_over_other_macros()
    {
        Macros macros = Macros.Read(Preprocessed);

        Assert.True(macros.LeadsToIoctl("ALSO_GO"));
        Assert.False(macros.LeadsToIoctl("PLAIN"));
    }
}
