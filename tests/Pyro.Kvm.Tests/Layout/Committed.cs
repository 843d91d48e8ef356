using Pyro.Kvm.Generator.Metadata;

namespace Pyro.Kvm.Tests.Layout;

/// <summary>The files that are committed beside Pyro.Kvm's sources.</summary>
internal static class Committed
{
    public static UapiMetadata Metadata { get; } = UapiMetadata.Parse(Text("linux.uapi"));

    public static string Text(string name)
    {
        using Stream stream = typeof(Committed).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
