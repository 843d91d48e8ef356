using System.Diagnostics;
using System.Security.Cryptography;

namespace Pyro.Files;

/// <summary>The folder a build works in: a private one beside the place of its result, so that the result can be renamed there.</summary>
internal static class BuildFolder
{
    /// <summary>Stands between the name of what is built and a random part.</summary>
    internal const string Separator = "~";

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes a new one.</summary>
    internal static string Create(string root, string name) =>
        Directory.CreateDirectory(Path.Combine(root, name + Separator + RandomNumberGenerator.GetHexString(8, lowercase: true)), Private).FullName;

    /// <summary>Makes one within one.</summary>
    internal static string CreateIn(string build, string name) => Directory.CreateDirectory(Path.Combine(build, name), Private).FullName;

    /// <summary>What is built in the folder of this name.</summary>
    internal static string NameOf(string name) => name.Split(Separator, 2)[0];

    /// <summary>Removes one, also what a build without root left that belongs to the user's subordinate ids.</summary>
    internal static void Delete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            using var remove = Process.Start(new ProcessStartInfo(
                "unshare",
                Environment.IsPrivilegedProcess ? ["rm", "-rf", "--", path] : ["--map-root-user", "--map-auto", "--", "rm", "-rf", "--", path])
            {
                RedirectStandardError = true,
            });
            remove?.WaitForExit();
        }
    }
}
