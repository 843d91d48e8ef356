using Pyro.Kvm.Generator.Metadata;
using Pyro.Kvm.Tests.Layout;

namespace Pyro.Kvm.Generator.Tests;

/// <summary>All names of the metadata, not only those in use: adding one is to be one line, and right.</summary>
public sealed class WholeMetadataTests
{
    [Fact]
    public void Every_name_there_is_becomes_Csharp_that_agrees_with_the_C_compiler()
    {
        UapiMetadata metadata = Committed.Metadata;
        IEnumerable<string> names = metadata.Records.Keys.Where(name => !name.Contains('.', StringComparison.Ordinal))
            .Concat(metadata.Constants.Keys).Concat(metadata.Ioctls.Keys).Distinct();

        Generation generation = Generation.Of(string.Join('\n', names), Committed.Text("linux.uapi"));

        Assert.Empty(generation.Diagnostics);
        List<NativeFact> facts = [.. new NativeAssembly(generation.Load(), metadata).Facts()];
        Assert.InRange(facts.Count, 8000, int.MaxValue);
        Assert.Empty(CCompiler.Differences(facts, metadata));
    }
}
