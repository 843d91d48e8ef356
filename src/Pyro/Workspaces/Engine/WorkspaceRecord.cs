using System.Text.Json;
using Pyro.Machines;
using System.Text.Json.Serialization;

namespace Pyro.Workspaces.Engine;

/// <summary>What a workspace's folder says of it: <c>workspace.json</c>.</summary>
internal sealed record WorkspaceRecord
{
    internal const int CurrentSchema = 1;

    public int SchemaVersion { get; init; } = CurrentSchema;

    public required string WorkspaceId { get; init; }

    public string? Name { get; init; }

    public SortedDictionary<string, string> Labels { get; init; } = [];

    public required string Environment { get; init; }

    /// <summary>The image's digest: another image of the same name is another disk.</summary>
    public required string EnvironmentDigest { get; init; }

    public required int VcpuCount { get; init; }

    public required int MemMib { get; init; }

    public required WorkspaceSeed WorkspaceSeed { get; init; }

    /// <summary>What <c>/etc/machine-id</c> shows; it stays through stops and resets.</summary>
    public required string MachineId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public int? TtlSeconds { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public string? ForkedFrom { get; init; }

    public int ResetCount { get; init; }

    public DateTimeOffset? LastResetAt { get; init; }

    /// <summary>
    /// Copy-on-write layers over the image, lowest first. The machine writes to the last; one may be announced here that
    /// it has not got to yet, see <see cref="WorkspaceDisk.Settle"/>.
    /// </summary>
    public required IReadOnlyList<string> Layers { get; init; }

    /// <summary>How many of <see cref="Layers"/> make the baseline.</summary>
    public int BaselineLayers { get; init; }

    /// <summary>The runtime folder of the machine that was started last, or null if it was stopped on purpose.</summary>
    public string? RuntimeId { get; init; }

    /// <summary>The process of that machine.</summary>
    public int ProcessId { get; init; }

    /// <summary>What its machine calls itself.</summary>
    internal string HostName => NewIdentity.HostName(Name ?? "pyro-" + WorkspaceId);
}

/// <summary>A snapshot's <c>snapshot.json</c>.</summary>
internal sealed record SnapshotRecord
{
    public int SchemaVersion { get; init; } = WorkspaceRecord.CurrentSchema;

    public required string SnapshotName { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The frozen layers that make its disk, lowest first.</summary>
    public required IReadOnlyList<string> Layers { get; init; }

    /// <summary>Whether memory and state are beside this file.</summary>
    public required bool HasMemory { get; init; }
}

/// <summary>One thing that was done with a workspace: a line of its history.</summary>
internal sealed record HistoryEntry
{
    /// <summary>One of the constants of <see cref="History"/>.</summary>
    public required string Kind { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>A command's number, else 0.</summary>
    public int Sequence { get; init; }

    public IReadOnlyList<string> Command { get; init; } = [];

    public string? Cwd { get; init; }

    public int? ExitCode { get; init; }

    public double DurationMs { get; init; }

    public bool TimedOut { get; init; }

    /// <summary>What it was done to: a path, a name.</summary>
    public string? Subject { get; init; }

    /// <summary>Where it went: a path on the host or in the guest.</summary>
    public string? Target { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(WorkspaceRecord))]
[JsonSerializable(typeof(SnapshotRecord))]
[JsonSerializable(typeof(HistoryEntry))]
internal sealed partial class EngineJson : JsonSerializerContext
{
    /// <summary>A document in one line.</summary>
    internal static EngineJson Line => field ??= new(new JsonSerializerOptions(Default.Options) { WriteIndented = false });
}
