namespace Pyro.Components;

/// <summary>The files that a machine needs beside its environment: the guest's kernel and its agent.</summary>
internal static class Component
{
    /// <summary>The guest kernel: <c>PYRO_KERNEL</c>, <c>vmlinux</c> beside the executable or an installed <c>pyro</c>, or the one that was built last.</summary>
    /// <exception cref="PyroException">It is not there.</exception>
    internal static string Kernel(PyroPaths paths)
    {
        string built = Path.Combine(paths.Kernels, "current", "vmlinux");
        return Environment.GetEnvironmentVariable("PYRO_KERNEL") is null && !File.Exists(Beside("vmlinux")) && File.Exists(built)
            ? built
            : Find("PYRO_KERNEL", "vmlinux", ErrorCodes.KernelNotFound, "guest kernel");
    }

    /// <summary>The guest agent: <c>PYRO_AGENT</c>, or <c>pyro-agent</c> beside the executable or an installed <c>pyro</c>.</summary>
    /// <exception cref="PyroException">It is not there.</exception>
    internal static string Agent() => Find("PYRO_AGENT", "pyro-agent", ErrorCodes.AgentNotFound, "guest agent");

    /// <summary>The executable that can become a VMM process: <c>PYRO_EXECUTABLE</c>, this very one, <c>pyro</c> beside it, or on the <c>PATH</c>.</summary>
    /// <exception cref="PyroException">It is not there.</exception>
    internal static string Executable() =>
        Environment.GetEnvironmentVariable("PYRO_EXECUTABLE") is null && IsPyro
            ? Environment.ProcessPath!
            : Find("PYRO_EXECUTABLE", "pyro", ErrorCodes.ExecutableNotFound, "pyro executable");

    private static bool IsPyro => Path.GetFileName(Environment.ProcessPath) == "pyro";

    private static string Find(string variable, string name, string code, string what)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } set)
        {
            return File.Exists(set)
                ? Path.GetFullPath(set)
                : throw new PyroException(code, $"the {what} {set} is not there", $"{variable} names it; correct or unset that variable.");
        }
        string beside = Beside(name);
        return File.Exists(beside)
            ? beside
            : throw new PyroException(code, $"there is no {what} at {beside}", $"Build it with ./build.sh; then point {variable} at it{(IsPyro ? "" : ", or put pyro on the PATH")}.");
    }

    private static string Beside(string name)
    {
        string beside = Path.Combine(AppContext.BaseDirectory, name);
        // A program that uses the SDK brings none of them; they lie together where pyro is installed.
        return IsPyro || File.Exists(beside) || InstalledFolder() is not string folder ? beside : Path.Combine(folder, name);
    }

    private static string? InstalledFolder()
    {
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            var pyro = new FileInfo(Path.Combine(folder, "pyro"));
            if (pyro.Exists)
                return Path.GetDirectoryName((pyro.ResolveLinkTarget(returnFinalTarget: true) ?? pyro).FullName);
        }

        return null;
    }
}
