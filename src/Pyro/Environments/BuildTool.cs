using System.Collections;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Kvm.Native;
using Pyro.Running;

namespace Pyro.Environments;

/// <summary>Runs a Debian tool for a build: no input, its messages read line by line, and its whole process tree dead when the build ends, however it ends.</summary>
internal static class BuildTool
{
    private const int KeptLines = 12;

    /// <summary>Whether a program is in <c>PATH</c> or where root's programs are.</summary>
    internal static bool Exists(string program) => SearchPath.Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Runs a program to its end.</summary>
    /// <param name="privilege">As whom.</param>
    /// <param name="command">The program, found by name, and its arguments.</param>
    /// <param name="environment">Variables to set beside those of this process.</param>
    /// <param name="line">Told each line of its stderr.</param>
    /// <param name="cancellationToken">Kills it and everything it started.</param>
    /// <returns>Its stdout.</returns>
    /// <exception cref="PyroException">It could not be started or failed; the detail has the end of its messages.</exception>
    internal static async Task<string> RunAsync(BuildPrivilege privilege, IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment, Action<string>? line, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // A thread of its own, blocked until the child ends: the death signal is sent when the thread that made the
        // child ends, and a pool thread may do so early.
        return await Task.Factory.StartNew(
            () => Run(privilege, command, environment, line, cancellationToken),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default).ConfigureAwait(false);
    }

    private static string Run(BuildPrivilege privilege, IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment, Action<string>? line, CancellationToken cancellationToken)
    {
        string[] guarded = [.. privilege.Prefix, .. command];
        SpawnedProcess? process = SpawnedProcess.TryStart(guarded, Variables(environment), folder: null, inherit: false, out int errno);
        if (process is null)
            throw new PyroException(ErrorCodes.EnvironmentBuildFailed, $"{guarded[0]} cannot be started: {Marshal.GetPInvokeErrorMessage(errno)}", "Install the packages of scripts/packages.txt.");
        process.Stdin!.Dispose();
        var output = new StringBuilder();
        var last = new Queue<string>();
        Thread outputs = Reader(process.Stdout!, text => output.Append(text).Append('\n'));
        Thread errors = Reader(process.Stderr!, text =>
        {
            lock (last)
            {
                last.Enqueue(text);
                if (last.Count > KeptLines)
                    last.Dequeue();
            }
            line?.Invoke(text);
        });
        int code;
        using (cancellationToken.Register(() => process.Signal(Uapi.SIGKILL)))
            code = process.Wait();
        // Until the pipes are closed, something that it started still writes into the build's folder.
        outputs.Join(TimeSpan.FromSeconds(5));
        errors.Join(TimeSpan.FromSeconds(5));
        cancellationToken.ThrowIfCancellationRequested();
        if (code == 0)
            return output.ToString();
        lock (last)
        {
            string[] why = [.. last];
            string reason = why.LastOrDefault(text => text.StartsWith("E:", StringComparison.Ordinal)) ?? why.LastOrDefault() ?? $"exit code {code}";
            throw new PyroException(
                ErrorCodes.EnvironmentBuildFailed,
                $"{command[0]} failed: {reason}",
                "Check the network, the apt sources (apt-get update) and the room on the disk; --verbose shows more.",
                string.Join('\n', why));
        }
    }

    private static string SearchPath { get; } = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";

    /// <summary>This process's variables and others, as a child gets them.</summary>
    internal static List<string> Variables(IReadOnlyDictionary<string, string>? extra)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        // mkfs is where root's programs are; messages are read by this program and by people who report them.
        variables["PATH"] = SearchPath;
        variables["LC_ALL"] = "C.UTF-8";
        foreach ((string name, string value) in extra ?? new Dictionary<string, string>())
            variables[name] = value;
        var lines = new List<string>(variables.Count);
        foreach ((string name, string value) in variables)
            lines.Add($"{name}={value}");
        return lines;
    }

    private static Thread Reader(SafeFileHandle pipe, Action<string> line)
    {
        var thread = new Thread(() =>
        {
            using (pipe)
                ReadLines(pipe, line);
        })
        { IsBackground = true, Name = "build output" };
        thread.Start();
        return thread;
    }

    private static void ReadLines(SafeFileHandle pipe, Action<string> line)
    {
        byte[] buffer = new byte[4096];
        var partial = new List<byte>();
        int count;
        while ((count = BlockingFile.Read(pipe, buffer)) > 0)
        {
            foreach (byte value in buffer.AsSpan(0, count))
            {
                if (value is not ((byte)'\n' or (byte)'\r'))
                {
                    partial.Add(value);
                }
                else if (partial.Count > 0)
                {
                    line(Encoding.UTF8.GetString([.. partial]));
                    partial.Clear();
                }
            }
        }
        if (partial.Count > 0)
            line(Encoding.UTF8.GetString([.. partial]));
    }
}
