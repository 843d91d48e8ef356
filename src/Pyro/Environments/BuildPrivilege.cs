using Pyro.Running;

namespace Pyro.Environments;

/// <summary>How a build becomes root over its files, and how its processes are kept from outliving it.</summary>
/// <param name="Prefix">The words before a command.</param>
internal sealed record BuildPrivilege(IReadOnlyList<string> Prefix)
{
    private static readonly string[] s_idFiles = ["/etc/subuid", "/etc/subgid"];

    // With setpriv, the child dies with the thread that started it; with a PID namespace, so does all below it.
    private static readonly string[] s_guard = ["setpriv", "--pdeathsig", "KILL", "--"];
    private static readonly string[] s_namespace = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"];
    private static readonly string[] s_mapped = ["--map-root-user", "--map-auto"];

    /// <summary>As this user, for questions that need no more.</summary>
    internal static BuildPrivilege None { get; } = new([.. s_guard]);

    /// <summary>As root, or as root of a user namespace that has this user's subordinate ids.</summary>
    /// <exception cref="PyroException">The user has none.</exception>
    internal static BuildPrivilege Root()
    {
        string[] prefix = Environment.IsPrivilegedProcess ? [.. s_guard, .. s_namespace, "--"] : [.. s_guard, .. s_namespace, .. s_mapped, "--"];
        if (Works(prefix))
            return new BuildPrivilege(prefix);
        // In a container, root may not be allowed to make namespaces.
        if (Environment.IsPrivilegedProcess)
            return None;
        throw new PyroException(
            ErrorCodes.ToolMissing,
            HasSubordinateIds() ? "this machine lets users make no user namespaces, which building an environment needs" : $"building an environment without root needs subordinate ids, and {Environment.UserName} has none",
            "On Debian: apt-get install uidmap, and a line for the user in /etc/subuid and /etc/subgid (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER).");
    }

    private static bool Works(IReadOnlyList<string> prefix)
    {
        SpawnedProcess? probe = SpawnedProcess.TryStart([.. prefix, "true"], BuildTool.Variables(null), folder: null, inherit: false, out _);
        if (probe is null)
            return false;
        probe.Stdin!.Dispose();
        int code = probe.Wait();
        probe.Stdout!.Dispose();
        probe.Stderr!.Dispose();
        return code == 0;
    }

    private static bool HasSubordinateIds()
    {
        string user = $"{Environment.UserName}:";
        return s_idFiles.All(file => File.Exists(file) && File.ReadLines(file).Any(line => line.StartsWith(user, StringComparison.Ordinal)));
    }
}
