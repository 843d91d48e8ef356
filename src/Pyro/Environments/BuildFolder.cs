using System.Diagnostics;
using System.Security.Cryptography;

namespace Pyro.Environments;

/// <summary>The folder a build works in: a private one beside the place of its result, so that the result can be renamed there.</summary>
internal static class BuildFolder
{
    /// <summary>Stands between the name of what is built and a random part.</summary>
    internal const string Separator = "~";

    internal const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes a new one.</summary>
    internal static string Create(string root, string name) =>
        Directory.CreateDirectory(Path.Combine(root, name + Separator + RandomNumberGenerator.GetHexString(8, lowercase: true)), Private).FullName;

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

    /// <summary>Removes a finished folder: renamed first, so that a half-deleted one is never met under its name.</summary>
    /// <exception cref="PyroException">It cannot be renamed.</exception>
    internal static void Discard(string root, string prefix, string folder)
    {
        string discarded = Create(root, prefix + Path.GetFileName(folder));
        try
        {
            Directory.Move(folder, Path.Combine(discarded, "discarded"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PyroException(ErrorCodes.FolderFailed, $"{folder} cannot be removed: {e.Message}", "Check its owner and permissions.", e);
        }
        finally
        {
            Delete(discarded);
        }
    }

    /// <summary>Bytes a folder takes on the disk, as far as it can be read.</summary>
    internal static long DiskUsage(string path)
    {
        long sum = 0;
        var all = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.None };
        foreach (string file in Directory.EnumerateFiles(path, "*", all))
            sum += EnvironmentFiles.DiskUsage(file);
        return sum;
    }
}
