using Microsoft.CodeAnalysis;

namespace Pyro.Kvm.Generator.Tests;

public sealed class GeneratorTests
{
    private const string Metadata = """
        # a comment
        headers a.h
        struct inner 4 4
         0 u16[2] pair
        struct outer 16 8
         0 inner first
         8 outer* next
        struct list 4 4
         0 u32 count
         4 inner[] items
        struct bits 2 1
         0:0:3 u8 low
         0:3:5 i8 high
         1 u8 event
        struct crossing 4 1
         0:6:4 u8 both
        struct named 12 4
         0 u32 kind
         4 named.value value
        union named.value 8 4
         0 u32 number
         0 u8[8] bytes
        alias inner_t inner
        const SOME_A i32 1
        const SOME_B u32 4294967295
        const SMALLEST i64 -9223372036854775808
        ioctl GO 1 void
        ioctl GET_OUTER 2148536065 outer
        ioctl PUT_LIST 1074008065 list
        ioctl BOTH_INNER 3221488129 inner
        """;

    [Fact]
    public void An_unknown_name_is_an_error_at_its_place_in_the_list()
    {
        Diagnostic diagnostic = Assert.Single(Generation.Of("# names\nouter\n  no_such_thing  # why\n", Metadata).Diagnostics);

        Assert.Equal("PYK001", diagnostic.Id);
        Assert.Equal(DiagnosticSeverity.Error, diagnostic.Severity);
        Assert.Equal("/project/NativeMethods.txt(3,3): error PYK001: 'no_such_thing' is not a struct, union, integer constant or ioctl of the headers in the metadata", diagnostic.ToString());
    }

    [Theory]
    [InlineData("inner_t", "; it is a typedef, name its type 'inner'")]
    [InlineData("Some_a", "; did you mean 'SOME_A'?")]
    [InlineData("NONE_*", "")]
    public void An_unknown_name_is_explained_where_it_can_be(string name, string hint)
    {
        Diagnostic diagnostic = Assert.Single(Generation.Of(name, Metadata).Diagnostics);

        Assert.Equal("PYK001", diagnostic.Id);
        Assert.EndsWith("in the metadata" + hint, diagnostic.GetMessage(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_listed_twice_is_an_error_at_the_second()
    {
        Diagnostic diagnostic = Assert.Single(Generation.Of("outer\nSOME_A\nouter\n", Metadata).Diagnostics);

        Assert.Equal("PYK004", diagnostic.Id);
        Assert.Equal(2, diagnostic.Location.GetLineSpan().StartLinePosition.Line);
    }

    [Fact]
    public void Missing_metadata_is_an_error() =>
        Assert.Equal("PYK003", Assert.Single(Generation.Of("outer", metadata: null).Diagnostics).Id);

    [Theory]
    [InlineData("headers a.h\nstruct broken four 4\n", "line 2")]
    [InlineData("const BEFORE_HEADERS i32 1\n", "line 1")]
    [InlineData("headers a.h\n 0 u8 member_of_nothing\n", "line 2")]
    [InlineData("headers a.h\nwhat is this\n", "line 2")]
    [InlineData("headers a.h\nconst A i32 1\nconst A i32 1\n", "line 3")]
    public void Damaged_metadata_is_an_error_that_names_the_line(string metadata, string line)
    {
        Diagnostic diagnostic = Assert.Single(Generation.Of("outer", metadata).Diagnostics);

        Assert.Equal("PYK002", diagnostic.Id);
        Assert.Contains(line, diagnostic.GetMessage(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bitfield_across_two_integers_is_an_error()
    {
        Diagnostic diagnostic = Assert.Single(Generation.Of("crossing", Metadata).Diagnostics);

        Assert.Equal("PYK005", diagnostic.Id);
        Assert.Contains("'crossing'", diagnostic.GetMessage(), StringComparison.Ordinal);
    }

    [Fact]
    public void Types_that_a_type_needs_come_along()
    {
        Generation generation = Generation.Of("outer", Metadata);

        Assert.Empty(generation.Diagnostics);
        Assert.Equal(["inner.g.cs", "outer.g.cs", "Uapi.g.cs", "Ioctl.g.cs", "Arrays.g.cs"], generation.FileNames);
        Type outer = generation.Load().GetType("Pyro.Kvm.Native.outer")!;
        Assert.Equal("inner", outer.GetField("first")!.FieldType.Name);
        Assert.Equal("outer*", outer.GetField("next")!.FieldType.Name);
    }

    [Fact]
    public void An_ioctl_is_a_number_and_a_method_of_its_argument()
    {
        Generation generation = Generation.Of("GO\nGET_OUTER\nPUT_LIST\nBOTH_INNER", Metadata);

        Assert.Empty(generation.Diagnostics);
        Type[] types = generation.Load().GetTypes();
        Assert.Equal(2148536065u, types.Single(type => type.Name == "Uapi").GetField("GET_OUTER")!.GetRawConstantValue());
        Type ioctl = types.Single(type => type.Name == "Ioctl");
        string[] Second(string name) =>
            [.. ioctl.GetMethods().Where(method => method.Name == name).Select(method => (method.GetParameters()[1].IsOut ? "out " : "") + method.GetParameters()[1].ParameterType.Name).Order(StringComparer.Ordinal)];
        Assert.Equal(["IntPtr"], Second("GO"));
        Assert.Equal(["out outer&", "outer*"], Second("GET_OUTER"));
        Assert.Equal(["list*"], Second("PUT_LIST"));
        Assert.Equal(["inner&", "inner*"], Second("BOTH_INNER"));
    }

    [Fact]
    public void A_pattern_asks_for_constants_alone()
    {
        Generation generation = Generation.Of("S*", Metadata);

        Assert.Empty(generation.Diagnostics);
        Assert.Equal(["SMALLEST", "SOME_A", "SOME_B"], generation.Load().GetType("Pyro.Kvm.Native.Uapi")!.GetFields().Select(field => field.Name));
    }

    [Fact]
    public void Constants_keep_type_and_value()
    {
        Type uapi = Generation.Of("SOME_A\nSOME_B\nSMALLEST", Metadata).Load().GetType("Pyro.Kvm.Native.Uapi")!;

        Assert.Equal(1, uapi.GetField("SOME_A")!.GetRawConstantValue());
        Assert.Equal(uint.MaxValue, uapi.GetField("SOME_B")!.GetRawConstantValue());
        Assert.Equal(long.MinValue, uapi.GetField("SMALLEST")!.GetRawConstantValue());
    }

    [Fact]
    public void Bitfields_share_their_integer_and_extend_their_sign()
    {
        Type type = Generation.Of("bits", Metadata).Load().GetType("Pyro.Kvm.Native.bits")!;
        object bits = Activator.CreateInstance(type)!;

        type.GetProperty("low")!.SetValue(bits, (byte)5);
        type.GetProperty("high")!.SetValue(bits, (sbyte)-3);

        Assert.Equal((byte)5, type.GetProperty("low")!.GetValue(bits));
        Assert.Equal((sbyte)-3, type.GetProperty("high")!.GetValue(bits));
        Assert.Equal((byte)0, type.GetField("event")!.GetValue(bits));
    }

    [Fact]
    public void A_type_without_a_name_is_nested_and_named_after_its_member()
    {
        Type named = Generation.Of("named", Metadata).Load().GetType("Pyro.Kvm.Native.named")!;

        Assert.Equal("value_type", named.GetField("value")!.FieldType.Name);
        Assert.Equal(named, named.GetField("value")!.FieldType.DeclaringType);
    }

    [Fact]
    public void The_same_input_gives_the_same_output()
    {
        string[] Sources() => [.. Generation.Of("outer\nnamed\nS*\nGO", Metadata).Driver.GetRunResult().Results[0].GeneratedSources.Select(source => source.SourceText.ToString())];

        Assert.Equal(Sources(), Sources());
    }

    [Fact]
    public void An_edit_of_other_code_generates_nothing_anew()
    {
        GeneratorRunResult run = Generation.Of("outer\nGO", Metadata).AfterEdit().Driver.GetRunResult().Results[0];

        Assert.All(
            run.TrackedSteps[NativeGenerator.NamesStep].Concat(run.TrackedSteps[NativeGenerator.MetadataStep]).SelectMany(step => step.Outputs),
            output => Assert.Equal(IncrementalStepRunReason.Cached, output.Reason));
        Assert.All(
            run.TrackedOutputSteps.SelectMany(step => step.Value).SelectMany(step => step.Outputs),
            output => Assert.Equal(IncrementalStepRunReason.Cached, output.Reason));
    }
}
