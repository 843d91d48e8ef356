using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pyro.Benchmarks;
using Pyro.Diagnostics;
using Pyro.Environments;
using Pyro.Warm;
using Pyro.Workspaces;

namespace Pyro.Json;

/// <summary>Pyro's results as JSON: snake_case, in the order in which the types declare their members.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, Converters = [typeof(SnakeCaseEnum<CheckStatus>), typeof(SnakeCaseEnum<EnvironmentState>), typeof(SnakeCaseEnum<WarmState>), typeof(SnakeCaseEnum<WorkspaceState>), typeof(SnakeCaseEnum<DiffStatus>), typeof(SnakeCaseEnum<DiffReason>), typeof(SnakeCaseEnum<EntryKind>)])]
[JsonSerializable(typeof(RunResult))]
[JsonSerializable(typeof(ErrorDocument))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(EnvironmentList))]
[JsonSerializable(typeof(BootSummary))]
[JsonSerializable(typeof(InstalledEnvironment))]
[JsonSerializable(typeof(RemovedEnvironment))]
[JsonSerializable(typeof(PruneResult))]
[JsonSerializable(typeof(PreparedEnvironment))]
[JsonSerializable(typeof(Workspace))]
[JsonSerializable(typeof(WorkspaceList))]
[JsonSerializable(typeof(DeletedWorkspace))]
[JsonSerializable(typeof(WorkspaceExecResult))]
[JsonSerializable(typeof(WorkspaceLogs))]
[JsonSerializable(typeof(WorkspaceSnapshot))]
[JsonSerializable(typeof(WorkspaceSnapshotList))]
[JsonSerializable(typeof(DeletedSnapshot))]
[JsonSerializable(typeof(WorkspaceForkList))]
[JsonSerializable(typeof(WorkspaceDiff))]
[JsonSerializable(typeof(WorkspaceFileList))]
[JsonSerializable(typeof(WorkspaceFileContent))]
[JsonSerializable(typeof(WorkspaceFileWritten))]
[JsonSerializable(typeof(WorkspaceSync))]
[JsonSerializable(typeof(WorkspaceExport))]
[JsonSerializable(typeof(WorkspacePatchApplied))]
[JsonSerializable(typeof(WorkspaceDiskExport))]
[JsonSerializable(typeof(WorkspaceSummary))]
public sealed partial class PyroJson : JsonSerializerContext
{
    /// <summary>For documents that people read too: indented, characters beyond ASCII as they are.</summary>
    public static PyroJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>The same in one line.</summary>
    public static PyroJson Compact => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = false });

    /// <summary>A value's name as it stands in JSON, as <c>no_permission</c>.</summary>
    public static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(Enum.GetName(value) ?? "");
}
