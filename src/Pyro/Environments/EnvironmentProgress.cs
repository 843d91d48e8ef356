namespace Pyro.Environments;

/// <summary>A step of installing an environment.</summary>
/// <param name="Environment">The environment's name.</param>
/// <param name="Step">One of the constants here.</param>
/// <param name="Message">What is being done, for people.</param>
/// <param name="Elapsed">Time since the pull began.</param>
public sealed record EnvironmentProgress(string Environment, string Step, string Message, TimeSpan Elapsed)
{
    /// <summary>Another process installs the same environment.</summary>
    public const string Wait = "wait";

    /// <summary>Packages are fetched and unpacked.</summary>
    public const string Packages = "packages";

    /// <summary>The file system image is made.</summary>
    public const string Image = "image";

    /// <summary>The image is read once for its digest.</summary>
    public const string Digest = "digest";

    /// <summary>It is there.</summary>
    public const string Installed = "installed";
}
