namespace Pyro.Environments;

/// <summary>
/// Where environments come from. Debian packages are the first source; registries of OCI images enter here as another.
/// A source makes images, the store decides when, keeps them, and checks them.
/// </summary>
public interface IEnvironmentSource
{
    /// <summary>What the source offers by name, for lists and hints. A registry offers none.</summary>
    IReadOnlyList<EnvironmentRecipe> Offers { get; }

    /// <summary>Whether a reference is the source's, and what it would install. Reads no network.</summary>
    /// <param name="reference">What the user wrote, as <c>debian:12</c>.</param>
    /// <returns>The recipe, or null if the reference is for another source.</returns>
    EnvironmentRecipe? Find(string reference);

    /// <summary>Makes the root file system as <see cref="RootDiskName"/> in a folder.</summary>
    /// <param name="recipe">From <see cref="Find"/> or <see cref="Offers"/>.</param>
    /// <param name="folder">A new folder of the build's own. Whatever else is left in it is deleted.</param>
    /// <param name="report">Told a step and what is being done in it.</param>
    /// <param name="cancellationToken">Ends the build and the processes it started.</param>
    /// <exception cref="PyroException">The image could not be made.</exception>
    Task<EnvironmentContent> BuildAsync(EnvironmentRecipe recipe, string folder, Action<string, string> report, CancellationToken cancellationToken);

    /// <summary>The name of the image in the build's folder and in the store: an ext4 file system.</summary>
    const string RootDiskName = "rootfs.ext4";
}
