using Pyro.Files;

namespace Pyro;

/// <summary>Where Pyro keeps its files, by the XDG base directory specification. Nothing is created by asking.</summary>
/// <param name="Cache">What can be made again: kernels, environments, initramfs.</param>
/// <param name="State">What must be kept, and the throw-away disks.</param>
/// <param name="Runtime">Sockets and logs of running machines.</param>
public sealed record PyroPaths(string Cache, string State, string Runtime)
{
    /// <summary>The folders of this user, from <c>XDG_CACHE_HOME</c>, <c>XDG_STATE_HOME</c> and <c>XDG_RUNTIME_DIR</c> or their fallbacks.</summary>
    public static PyroPaths FromEnvironment() => new(
        Under("XDG_CACHE_HOME", ".cache"),
        Under("XDG_STATE_HOME", ".local/state"),
        RuntimeFolderOfUser());

    /// <summary>The folder of installed environments.</summary>
    public string Environments => Path.Combine(Cache, "environments");

    /// <summary>The folder of initramfs images.</summary>
    public string Initramfs => Path.Combine(Cache, "initramfs");

    /// <summary>The folder of guest kernels.</summary>
    public string Kernels => Path.Combine(Cache, "kernels");

    /// <summary>Kernels that were taken out of compressed images.</summary>
    public string UnpackedKernels => Path.Combine(Cache, "unpacked-kernels");

    /// <summary>The folder of snapshots that machines start from.</summary>
    public string Warm => Path.Combine(Cache, "warm");

    /// <summary>The folder of workspaces, one each.</summary>
    public string Workspaces => Path.Combine(State, "workspaces");

    /// <summary>A folder for each machine of <see cref="PyroClient.CreateVmAsync"/>.</summary>
    public string Vms => Path.Combine(State, "vms");

    /// <summary>The folder whose file system holds throw-away disks.</summary>
    public string Scratch => Path.Combine(State, "tmp");

    private static string Under(string variable, string fallback)
    {
        // The specification asks to ignore relative paths.
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } set && Path.IsPathRooted(set))
            return Path.Combine(set, "pyro");
        string? home = Environment.GetEnvironmentVariable("HOME");
        if (string.IsNullOrEmpty(home))
            home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.Combine(string.IsNullOrEmpty(home) ? "/" : home, fallback, "pyro");
    }

    private static string RuntimeFolderOfUser()
    {
        if (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } set && Path.IsPathRooted(set))
            return Path.Combine(set, "pyro");
        uint user = PrivateFolder.CurrentUser;
        string system = $"/run/user/{user}";
        return PrivateFolder.IsWritable(system) ? Path.Combine(system, "pyro") : $"/tmp/pyro-{user}";
    }
}
