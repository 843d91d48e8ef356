using System.Text.Json.Serialization;
using Pyro.Vmm.Snapshots;

namespace Pyro.Vmm.Processes;

/// <summary>What the VMM process tells the process that started it.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(MachineStarted), "started")]
[JsonDerivedType(typeof(MachineFailed), "failed")]
[JsonDerivedType(typeof(MachineExited), "exited")]
[JsonDerivedType(typeof(MachineSaved), "saved")]
[JsonDerivedType(typeof(MachineCounted), "counted")]
[JsonDerivedType(typeof(WorkingSetNoted), "working_set_noted")]
[JsonDerivedType(typeof(MachineWentOn), "went_on")]
[JsonDerivedType(typeof(MachineSavedLive), "saved_live")]
public abstract record VmmEvent;

/// <summary>The first vCPU is about to enter the kernel. Times are nanoseconds of <c>CLOCK_MONOTONIC</c>.</summary>
/// <param name="ConfiguredNs">When the configuration had arrived.</param>
/// <param name="CreatedNs">When the machine was built and its kernel loaded.</param>
/// <param name="EnteredNs">When the vCPUs started.</param>
public sealed record MachineStarted(long ConfiguredNs, long CreatedNs, long EnteredNs) : VmmEvent;

/// <summary>The machine could not be built.</summary>
/// <param name="Code">A stable word: <c>boot_failed</c>, <c>disk_failed</c>, <c>kvm_failed</c>, <c>out_of_memory</c>, <c>vmm_failed</c>.</param>
/// <param name="Message">One line: what failed, on what.</param>
public sealed record MachineFailed(string Code, string Message) : VmmEvent;

/// <summary>The machine is paused, and its snapshot complete or given up.</summary>
/// <param name="Error">Why there is none, or null.</param>
public sealed record MachineSaved(string? Error) : VmmEvent;

/// <summary>The answer to <see cref="VmmCommand.Count"/>.</summary>
/// <param name="Counters">What the machine has done so far.</param>
public sealed record MachineCounted(MachineCounters Counters) : VmmEvent;

/// <summary>The answer to <see cref="VmmCommand.NoteWorkingSet"/>.</summary>
/// <param name="Error">Why nothing was noted, or null.</param>
public sealed record WorkingSetNoted(string? Error) : VmmEvent;

/// <summary>
/// The machine runs again after the pause of a <see cref="VmmCommand.SaveLive"/>; its memory is still being written, or the
/// snapshot has failed. Comes before <see cref="MachineSavedLive"/>, and not at all if the machine was never paused.
/// </summary>
/// <param name="Number">The request's.</param>
/// <param name="Layers">In how many of the new layers it goes on, in the disks' order; those below them are frozen.</param>
public sealed record MachineWentOn(int Number, int Layers) : VmmEvent;

/// <summary>A snapshot of the running machine is complete or given up; the machine goes on.</summary>
/// <param name="Number">The request's.</param>
/// <param name="Error">Why there is none, or null.</param>
/// <param name="MemoryWrittenLive">
/// Whether memory was written while the machine ran. If not, the host could not copy the VMM process, and the machine
/// stood still for all of it.
/// </param>
/// <param name="PauseNs">How long the machine stood still, in nanoseconds.</param>
/// <param name="CopyNs">How long writing went on after that, in nanoseconds.</param>
public sealed record MachineSavedLive(int Number, string? Error, bool MemoryWrittenLive = false, long PauseNs = 0, long CopyNs = 0) : VmmEvent;

/// <summary>The machine ended.</summary>
/// <param name="Exit">How.</param>
public sealed record MachineExited(MachineExit Exit) : VmmEvent;

/// <summary>What the starting process asks of the VMM process.</summary>
/// <param name="Command">What to do.</param>
/// <param name="LiveSave">For <see cref="VmmCommand.SaveLive"/>.</param>
public sealed record VmmRequest(VmmCommand Command, LiveSaveRequest? LiveSave = null);

/// <summary>
/// What <see cref="VmmCommand.SaveLive"/> fills. Descriptors are indices among those that come with the request.
/// </summary>
/// <param name="Number">Comes back with the answer.</param>
/// <param name="StateDescriptor">An empty file for the state; written last, so that without it there is no snapshot.</param>
/// <param name="MemoryDescriptor">An empty file for the guest's memory.</param>
/// <param name="LayerDescriptors">An empty file for each disk with a copy-on-write layer, in the disks' order: where the machine goes on.</param>
/// <param name="Sync">Whether the files are to survive a loss of power.</param>
public sealed record LiveSaveRequest(int Number, int StateDescriptor, int MemoryDescriptor, IReadOnlyList<int> LayerDescriptors, bool Sync);

/// <summary>The things a VMM process can be asked to do.</summary>
public enum VmmCommand
{
    /// <summary>End the machine at once, as by pulling its plug.</summary>
    Stop,

    /// <summary>Pause the machine, freeze its disks and write its snapshot.</summary>
    Save,

    /// <summary>Tell what the machine has done so far.</summary>
    Count,

    /// <summary>Note which pages the machine wrote to since it was restored.</summary>
    NoteWorkingSet,

    /// <summary>Go on when the process that started the machine ends.</summary>
    Detach,

    /// <summary>Take a snapshot of the running machine, which goes on.</summary>
    SaveLive,
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(MachineConfig))]
[JsonSerializable(typeof(VmmEvent))]
[JsonSerializable(typeof(VmmRequest))]
[JsonSerializable(typeof(MachineExit))]
internal sealed partial class ProcessJson : JsonSerializerContext;
