using Microsoft.CodeAnalysis;
using Pyro.Kvm.Generator.Metadata;

namespace Pyro.Kvm.Generator;

/// <summary>The metadata, or why it could not be read. Read once for each version of the file.</summary>
internal sealed class MetadataFile
{
    private MetadataFile(string path, UapiMetadata? facts, string? error)
    {
        Path = path;
        Facts = facts;
        Error = error;
    }

    public string Path { get; }

    public UapiMetadata? Facts { get; }

    public string? Error { get; }

    public static MetadataFile Read(AdditionalText file, CancellationToken cancellation)
    {
        try
        {
            return new MetadataFile(file.Path, UapiMetadata.Parse(file.GetText(cancellation)?.ToString() ?? ""), null);
        }
        catch (FormatException e)
        {
            return new MetadataFile(file.Path, null, e.Message);
        }
    }
}
