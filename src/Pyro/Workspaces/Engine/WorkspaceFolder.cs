using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pyro.Files;
using Pyro.Vmm;

namespace Pyro.Workspaces.Engine;

/// <summary>A workspace's folder: where its parts lie, and the reading and writing of its records.</summary>
/// <param name="path">Where it is; while it is made, not yet in its place.</param>
/// <param name="id">The workspace's.</param>
internal sealed class WorkspaceFolder(string path, string id)
{
    private const long MaxRecordBytes = 4 << 20;

    internal string Path { get; } = path;

    internal string Id { get; } = id;

    /// <summary>The environment's image, under a name of the workspace's own: removing the environment does it no harm.</summary>
    internal string Image => In("image.ext4");

    internal string Layers => In("layers");

    internal string Snapshots => In("snapshots");

    internal string Logs => In("logs");

    internal string HistoryFile => In("history.jsonl");

    /// <summary>Locked by the machine's process for as long as it lives.</summary>
    internal string Alive => In("alive");

    /// <summary>How the last machine ended, if it could say.</summary>
    internal string Exit => In("exit.json");

    internal string Console => In("console.log");

    internal string VmmLog => In("vmm.log");

    private string Record => In("workspace.json");

    internal string LayerPath(string name) => System.IO.Path.Combine(Layers, name);

    internal string SnapshotPath(string name) => System.IO.Path.Combine(Snapshots, name);

    /// <summary>Reads the record.</summary>
    /// <exception cref="PyroException">It is gone, damaged, or of another version of Pyro.</exception>
    internal WorkspaceRecord Load()
    {
        WorkspaceRecord record = Read(Record, EngineJson.Default.WorkspaceRecord);
        return record.SchemaVersion == WorkspaceRecord.CurrentSchema
            ? record
            : throw Damaged(Record, $"it has schema version {record.SchemaVersion}, this pyro reads version {WorkspaceRecord.CurrentSchema}");
    }

    /// <summary>Writes the record: whole, or not at all. The caller holds the workspace's lock.</summary>
    /// <exception cref="PyroException">The disk is full or read-only.</exception>
    internal void Save(WorkspaceRecord record) => Write(Record, record, EngineJson.Default.WorkspaceRecord);

    internal SnapshotRecord LoadSnapshot(string name)
    {
        SnapshotRecord record = Read(System.IO.Path.Combine(SnapshotPath(name), "snapshot.json"), EngineJson.Default.SnapshotRecord);
        return record.SchemaVersion == WorkspaceRecord.CurrentSchema
            ? record
            : throw Damaged(SnapshotPath(name), $"it has schema version {record.SchemaVersion}, this pyro reads version {WorkspaceRecord.CurrentSchema}");
    }

    internal static void SaveSnapshot(string folder, SnapshotRecord record) =>
        Write(System.IO.Path.Combine(folder, "snapshot.json"), record, EngineJson.Default.SnapshotRecord);

    /// <summary>How the last machine ended; null if it was killed before it could write that down.</summary>
    internal string? LastWords()
    {
        try
        {
            using JsonDocument exit = JsonDocument.Parse(File.ReadAllBytes(Exit));
            return exit.RootElement.GetProperty("message").GetString();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);

    private static T Read<T>(string file, JsonTypeInfo<T> type)
    {
        try
        {
            using FileStream stream = File.OpenRead(file);
            if (stream.Length > MaxRecordBytes)
                throw Damaged(file, $"it is {stream.Length} bytes long");
            return JsonSerializer.Deserialize(stream, type) ?? throw Damaged(file, "it is empty");
        }
        catch (JsonException e)
        {
            throw Damaged(file, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Damaged(file, e.Message);
        }
    }

    private static void Write<T>(string file, T value, JsonTypeInfo<T> type)
    {
        try
        {
            string next = file + ".new";
            File.Delete(next);
            using (var handle = PrivateFile.Create(next))
            {
                RandomAccess.Write(handle, JsonSerializer.SerializeToUtf8Bytes(value, type), 0);
                RandomAccess.FlushToDisk(handle);
            }

            File.Move(next, file, overwrite: true);
            FolderInstallation.Sync(System.IO.Path.GetDirectoryName(file)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PyroException(ErrorCodes.FolderFailed, $"{file} cannot be written: {e.Message}", "Check that its disk has room and can be written to.", e);
        }
    }

    private static PyroException Damaged(string file, string why) =>
        new(ErrorCodes.WorkspaceDamaged, $"the record {file} cannot be read: {why}", "If nothing of it is needed: pyro workspace delete ID");
}
