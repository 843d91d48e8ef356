namespace Pyro.Mcp;

/// <summary>What workspaces begin with when a call does not say.</summary>
public static class ProjectSource
{
    /// <summary>The Git checkout that a folder lies in.</summary>
    /// <param name="folder">Where to begin, usually the current folder.</param>
    /// <returns>Its top folder, or null if it lies in none.</returns>
    public static string? CheckoutOf(string folder)
    {
        for (DirectoryInfo? at = new(folder); at is not null; at = at.Parent)
        {
            // A file in worktrees and submodules.
            if (Path.Exists(Path.Combine(at.FullName, ".git")))
                return at.FullName;
        }
        return null;
    }

    /// <summary>A folder or archive that the user names.</summary>
    /// <exception cref="PyroException">There is no such thing.</exception>
    public static string Require(string path) => Path.Exists(path)
        ? Path.GetFullPath(path)
        : throw new PyroException(ErrorCodes.InvalidArgument, $"there is no project at {path}", "Name a folder, a Git checkout or a .tar, .tar.gz or .tgz file.");
}
