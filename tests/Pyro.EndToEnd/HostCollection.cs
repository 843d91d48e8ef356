namespace Pyro.EndToEnd;

/// <summary>One host for all suites, which run one after the other: they look at processes and files.</summary>
[CollectionDefinition(Name)]
public sealed class HostCollection : ICollectionFixture<Host>
{
    public const string Name = "host";
}
