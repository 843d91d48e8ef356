using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Machines;

namespace Pyro.Warm;

/// <summary>The open files of a snapshot, whatever becomes of their names.</summary>
internal sealed class WarmSnapshot : IDisposable
{
    internal const string StateFile = "state";
    internal const string MemoryFile = "memory";
    internal const string LayerFile = "layer";
    internal const string WorkingSetFile = "working_set";

    private WarmSnapshot(string folder, Func<string, SafeFileHandle> open)
    {
        Folder = folder;
        State = open(Path.Combine(folder, StateFile));
        Memory = open(Path.Combine(folder, MemoryFile));
        Layer = open(Path.Combine(folder, LayerFile));
        WorkingSet = open(Path.Combine(folder, WorkingSetFile));
    }

    /// <summary>Where it lies.</summary>
    internal string Folder { get; }

    /// <summary>Processors and devices.</summary>
    internal SafeFileHandle State { get; }

    /// <summary>Memory.</summary>
    internal SafeFileHandle Memory { get; }

    /// <summary>What boot and warm-up wrote to the disk.</summary>
    internal SafeFileHandle Layer { get; }

    /// <summary>Which pages of the memory a machine writes to first.</summary>
    internal SafeFileHandle WorkingSet { get; }

    /// <summary>What it is called in messages.</summary>
    internal string Name => $"the warm snapshot {Path.GetFileName(Folder)}";

    /// <summary>Opens a finished one.</summary>
    /// <exception cref="IOException">A file of it is missing.</exception>
    internal static WarmSnapshot Open(string folder) => new(folder, static path => File.OpenHandle(path));

    /// <summary>Makes empty files to be filled.</summary>
    /// <exception cref="PyroException">They cannot be made.</exception>
    internal static WarmSnapshot Create(string folder) => new(folder, PrivateFile.Create);

    /// <summary>The same files as what a machine goes on from; these stay open.</summary>
    /// <param name="image">The environment's disk; the result's from here on.</param>
    /// <param name="writable">Whether the machine is to note its working set.</param>
    internal MachineSnapshot ToMachine(SafeFileHandle image, bool writable = false) =>
        new(Name, SameFile.ReadOnly(State), SameFile.ReadOnly(Memory), image, [SameFile.ReadOnly(Layer)]) { WorkingSet = writable ? SameFile.Writable(WorkingSet) : SameFile.ReadOnly(WorkingSet) };

    public void Dispose()
    {
        State.Dispose();
        Memory.Dispose();
        Layer.Dispose();
        WorkingSet.Dispose();
    }
}
