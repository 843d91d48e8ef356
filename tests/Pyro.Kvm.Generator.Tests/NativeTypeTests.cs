using Pyro.Kvm.Generator.Metadata;

namespace Pyro.Kvm.Generator.Tests;

public sealed class NativeTypeTests
{
    [Theory]
    [InlineData("u8")]
    [InlineData("void")]
    [InlineData("kvm_segment")]
    [InlineData("kvm_run.io")]
    [InlineData("u8[6]")]
    [InlineData("u32[2][3]")]
    [InlineData("void*")]
    [InlineData("sock_filter**")]
    [InlineData("u8*[4]")]
    [InlineData("kvm_msr_entry[]")]
    [InlineData("u8[][4]")]
    public void A_type_is_written_as_it_is_read(string text) => Assert.Equal(text, NativeType.Parse(text).ToString());

    [Fact]
    public void Dimensions_are_outermost_first_as_in_C()
    {
        NativeType type = NativeType.Parse("u8[2][3]");

        Assert.Equal(2, type.Length);
        Assert.Equal(3, type.Element!.Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("u8[")]
    [InlineData("u8[x]")]
    [InlineData("u8[2]*")]
    public void What_is_no_type_is_refused(string text) => Assert.Throws<FormatException>(() => NativeType.Parse(text));
}
