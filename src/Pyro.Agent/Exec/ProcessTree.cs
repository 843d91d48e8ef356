using Pyro.Agent.Native;
using Pyro.Protocol;

namespace Pyro.Agent.Exec;

/// <summary>
/// All processes that descend from one command: a cgroup, or where there are no cgroups what /proc tells
/// (<see cref="ProcessWalk"/>).
/// </summary>
internal sealed class ProcessTree : IDisposable
{
    private const string MarkerName = "PYRO_EXEC";
    private static readonly string s_agent = Libc.getpid().ToString();
    private static int s_last;
    private readonly string _marker = s_agent + "." + (++s_last);
    private readonly string? _cgroup;
    private int _cgroupDirectory;

    public ProcessTree() => _cgroup = CgroupRoot.Create(out _cgroupDirectory);

    /// <summary>A descriptor of the cgroup to start the command in, or -1; closed by <see cref="OnStarted"/>.</summary>
    public int CgroupDirectory => _cgroupDirectory;

    /// <summary>The command's process.</summary>
    public int RootProcess { get; private set; }

    /// <summary>Lets descendants be known by their environment where there is no cgroup to know them by.</summary>
    public void Mark(CommandEnvironment environment)
    {
        if (_cgroup is null)
            environment.Set(new EnvironmentVariable(MarkerName, _marker));
    }

    public void OnStarted(int processId)
    {
        RootProcess = processId;
        Sys.Close(ref _cgroupDirectory);
    }

    /// <summary>Kills all of them. Only while the command itself is not reaped: its number could name another then.</summary>
    public void Kill()
    {
        if (_cgroup is not null)
            CgroupRoot.Kill(_cgroup);
        else
            ProcessWalk.Kill(RootProcess, Sys.Utf8(MarkerName + "=" + _marker));
    }

    /// <summary>Lets go of the tree; what the command left behind lives on.</summary>
    public void Dispose()
    {
        Sys.Close(ref _cgroupDirectory);
        if (_cgroup is not null)
            CgroupRoot.Remove(_cgroup);
    }
}
