using System.Text;

namespace Pyro.Workspaces.Patches;

/// <summary>
/// Paths in patches and diffs, relative or below <c>/workspace</c>. Stricter than <see cref="Files.WorkspacePath"/>: nobody
/// writes <c>..</c> in a patch who means well, and what the guest says has to be a path that there can be.
/// </summary>
internal static class PatchPath
{
    private const string Root = "/workspace/";
    private const int MostBytes = 4095;
    private const int MostNameBytes = 255;

    /// <summary>The path relative to the workspace's root, without <c>.</c> and empty parts.</summary>
    /// <returns>False if it names the root itself, nothing, or something outside.</returns>
    internal static bool TryNormalize(string path, out string relative)
    {
        relative = "";
        if (path.StartsWith(Root, StringComparison.Ordinal))
            path = path[Root.Length..];
        if (path.Length == 0 || path[0] == '/' || path.Contains('\0') || Encoding.UTF8.GetByteCount(path) > MostBytes)
            return false;
        var parts = new List<string>();
        foreach (string part in path.Split('/'))
        {
            if (part is "" or ".")
                continue;
            if (part == ".." || Encoding.UTF8.GetByteCount(part) > MostNameBytes)
                return false;
            parts.Add(part);
        }

        relative = string.Join('/', parts);
        return parts.Count > 0 && path[^1] != '/';
    }
}
