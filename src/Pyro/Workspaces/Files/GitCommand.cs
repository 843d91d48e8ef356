using System.Collections;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm.Native;
using Pyro.Running;

namespace Pyro.Workspaces.Files;

/// <summary>Asks the user's own Git.</summary>
internal static class GitCommand
{
    /// <summary>
    /// The names, below a folder, of what Git tracks and of what it neither tracks nor ignores, each once, in the order of
    /// their bytes. A checkout in the checkout is one name.
    /// </summary>
    /// <exception cref="PyroException">Git is not installed, or fails.</exception>
    internal static List<byte[]> ListFiles(string folder)
    {
        // No program that the checkout's own configuration names is run for this.
        byte[] output = Run(folder, ["git", "-c", "core.fsmonitor=false", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        var names = new List<byte[]>();
        for (ReadOnlySpan<byte> rest = output; !rest.IsEmpty;)
        {
            int end = rest.IndexOf((byte)0);
            if (end < 0)
                break;
            ReadOnlySpan<byte> name = rest[..end];
            rest = rest[(end + 1)..];
            names.Add((name.EndsWith("/"u8) ? name[..^1] : name).ToArray());
        }

        names.Sort(Compare);
        return [.. names.Where((name, i) => i == 0 || !name.AsSpan().SequenceEqual(names[i - 1]))];
    }

    // A folder before what is in it, and that before what comes after the folder, as a walk would: a slash sorts first.
    private static int Compare(byte[] a, byte[] b)
    {
        int same = a.AsSpan().CommonPrefixLength(b);
        if (same == a.Length || same == b.Length)
            return a.Length.CompareTo(b.Length);
        return a[same] == '/' ? -1 : b[same] == '/' ? 1 : a[same].CompareTo(b[same]);
    }

    private static byte[] Run(string folder, string[] command)
    {
        // What such variables say holds for another repository, perhaps.
        var environment = new List<string>();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (variable.Key is string name && !name.StartsWith("GIT_", StringComparison.Ordinal))
                environment.Add($"{name}={variable.Value}");
        }

        SpawnedProcess git = SpawnedProcess.TryStart(command, environment, folder, inherit: false, out int errno)
            ?? throw (errno == Uapi.ENOENT
                ? new PyroException(ErrorCodes.ToolMissing, $"{folder} is a Git checkout, and git is not installed", "Install git, or push a tar archive of the folder.")
                : new PyroException(ErrorCodes.ToolMissing, $"git cannot be started: error {errno}", "Check your installation of git."));
        git.Stdin!.Dispose();
        Task<byte[]> errors = Task.Run(() => ReadAll(git.Stderr!));
        byte[] output = ReadAll(git.Stdout!);
        int code = git.Wait();
        if (code == 0)
            return output;
        string said = Encoding.UTF8.GetString(errors.GetAwaiter().GetResult()).Trim();
        throw new PyroException(ErrorCodes.SyncRefused, $"git cannot list {folder}: {WorkspacePath.Shown(said.Length > 0 ? said : $"it ended with {code}")}", "Make `git status` work there, or push a tar archive of the folder.");
    }

    private static byte[] ReadAll(SafeFileHandle from)
    {
        using var stream = new FileStream(from, FileAccess.Read, bufferSize: 0);
        using var all = new MemoryStream();
        stream.CopyTo(all);
        return all.ToArray();
    }
}
