using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pyro.Benchmarks;
using Pyro.Diagnostics;
using Pyro.Environments;
using Pyro.Json;
using Pyro.Warm;
using Pyro.Workspaces;

namespace Pyro.Tests.Schemas;

/// <summary>
/// The schemas in docs/schemas are those of the types that are written. They are part of the contract: a change is a
/// decision, made by running these tests with PYRO_APPROVE=1 and committing what they write.
/// </summary>
public sealed class SchemaTests
{
    private static readonly JsonSerializerOptions s_text = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static TheoryData<string, Type> Documents => new()
    {
        { "error", typeof(ErrorDocument) },
        { "run", typeof(RunResult) },
        { "doctor", typeof(DoctorReport) },
        { "bench_boot", typeof(BootSummary) },
        { "env_list", typeof(EnvironmentList) },
        { "env", typeof(InstalledEnvironment) },
        { "env_removed", typeof(RemovedEnvironment) },
        { "env_pruned", typeof(PruneResult) },
        { "prepare", typeof(PreparedEnvironment) },
        { "workspace", typeof(Workspace) },
        { "workspace_list", typeof(WorkspaceList) },
        { "workspace_deleted", typeof(DeletedWorkspace) },
        { "workspace_forks", typeof(WorkspaceForkList) },
        { "workspace_exec", typeof(WorkspaceExecResult) },
        { "workspace_logs", typeof(WorkspaceLogs) },
        { "workspace_summary", typeof(WorkspaceSummary) },
        { "workspace_disk_export", typeof(WorkspaceDiskExport) },
        { "workspace_snapshot", typeof(WorkspaceSnapshot) },
        { "workspace_snapshots", typeof(WorkspaceSnapshotList) },
        { "workspace_snapshot_deleted", typeof(DeletedSnapshot) },
        { "workspace_sync", typeof(WorkspaceSync) },
        { "workspace_export", typeof(WorkspaceExport) },
        { "workspace_diff", typeof(WorkspaceDiff) },
        { "workspace_patch", typeof(WorkspacePatchApplied) },
        { "workspace_file_list", typeof(WorkspaceFileList) },
        { "workspace_file_read", typeof(WorkspaceFileContent) },
        { "workspace_file_write", typeof(WorkspaceFileWritten) },
    };

    [Theory]
    [MemberData(nameof(Documents))]
    public void A_published_schema_is_that_of_its_type(string name, Type type) =>
        Approved.Check(Path.Combine("docs", "schemas", $"{name}.json"), DocumentSchema.Of(type).ToJsonString(s_text) + "\n");

    [Fact]
    public void Every_document_has_a_schema_and_every_schema_a_document()
    {
        string[] names = [.. Documents.Select(row => $"{row[0]}.json").Order(StringComparer.Ordinal)];
        Assert.Equal(names, Directory.GetFiles(Path.Combine(Approved.Checkout, "docs", "schemas")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Type[] written = [.. typeof(PyroJson).CustomAttributes.Where(a => a.AttributeType == typeof(JsonSerializableAttribute)).Select(a => (Type)a.ConstructorArguments[0].Value!)];
        Assert.Equal(written.Select(t => t.Name).Order(StringComparer.Ordinal), Documents.Select(row => ((Type)row[1]).Name).Order(StringComparer.Ordinal));
    }
}
