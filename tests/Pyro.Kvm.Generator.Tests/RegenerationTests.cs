using Pyro.Kvm.Generator.Metadata;
using Pyro.Kvm.Tests.Layout;
using Pyro.UapiReader;

namespace Pyro.Kvm.Generator.Tests;

public sealed class RegenerationTests
{
    [Fact]
    public void The_installed_headers_give_the_committed_facts_for_the_names_in_use()
    {
        UapiMetadata installed = UapiMetadata.Parse(MetadataText.Make());
        NameList names = NameList.Parse("NativeMethods.txt", Microsoft.CodeAnalysis.Text.SourceText.From(Committed.Text("NativeMethods.txt")));
        Selection selection = Selection.Of(names, Committed.Metadata);
        Assert.Empty(selection.Diagnostics);

        Assert.All(selection.Records.Values, record => Assert.Equal(Text(record, Committed.Metadata), Text(installed.Records[record.Name], installed)));
        Assert.All(selection.Constants.Values, constant => Assert.Equal(Text(constant), Text(installed.Constants[constant.Name])));
        Assert.All(selection.Ioctls.Values, ioctl => Assert.Equal(Text(ioctl), Text(installed.Ioctls[ioctl.Name])));
    }

    [Fact]
    public void The_same_headers_give_the_same_text() => Assert.Equal(MetadataText.Make(), MetadataText.Make());

    [Fact]
    public void A_header_that_is_not_there_is_an_error_in_clangs_words()
    {
        UapiException error = Assert.Throws<UapiException>(() => HeaderReader.Read(["linux/no_such_header.h"]));

        Assert.Contains("linux/no_such_header.h", error.Message, StringComparison.Ordinal);
    }

    // A record with its nested types, which have no names of their own to be listed.
    private static string Text(RecordFact record, UapiMetadata metadata) =>
        $"{record.Kind} {record.Name} {record.Size} {record.Alignment}\n" + string.Concat(record.Fields.Select(field =>
            $" {field.Offset}:{field.BitOffset}:{field.BitWidth} {field.Type} {field.Name}\n"
            + (field.Type.Innermost.Name.StartsWith(record.Name + ".", StringComparison.Ordinal) ? Text(metadata.Records[field.Type.Innermost.Name], metadata) : "")));

    private static string Text(ConstantFact constant) => constant.Name + " " + constant.Type + " " + constant.Value;

    private static string Text(IoctlFact ioctl) => ioctl.Name + " " + ioctl.Number + " " + ioctl.Argument;
}
