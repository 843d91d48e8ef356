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

/// <summary>The machine ended.</summary>
/// <param name="Exit">How.</param>
public sealed record MachineExited(MachineExit Exit) : VmmEvent;

/// <summary>What the starting process asks of the VMM process.</summary>
/// <param name="Command">What to do.</param>
public sealed record VmmRequest(VmmCommand Command);

/// <summary>The things a VMM process can be asked to do.</summary>
public enum VmmCommand
{
    /// <summary>End the machine at once, as by pulling its plug.</summary>
    Stop,

    /// <summary>Pause the machine, freeze its disks and write its snapshot.</summary>
    Save,

    /// <summary>Tell what the machine has done so far.</summary>
    Count,
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(MachineConfig))]
[JsonSerializable(typeof(VmmEvent))]
[JsonSerializable(typeof(VmmRequest))]
[JsonSerializable(typeof(SnapshotManifest))]
internal sealed partial class ProcessJson : JsonSerializerContext;
