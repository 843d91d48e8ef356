namespace Pyro.UapiReader;

/// <summary>Makes the metadata from the headers that are installed here.</summary>
internal static class MetadataText
{
    private const string Comment =
        "Facts of the Linux UAPI headers for x86-64. Written by tools/Pyro.UapiMetadata; do not edit, see its README.md.";

    /// <summary>Reads every group of headers.txt.</summary>
    /// <exception cref="UapiException">clang or a header is not there.</exception>
    public static string Make()
    {
        var writer = new MetadataWriter(Comment);
        foreach (IReadOnlyList<string> headers in HeaderList.Load())
        {
            Facts facts = HeaderReader.Read(headers);
            facts.Prune(writer.HasRecord, writer.HasAlias);
            writer.Append(facts);
        }
        return writer.ToString();
    }
}
