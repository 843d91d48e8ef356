using System.Globalization;
using System.Text.Json;
using Pyro.Files;

namespace Pyro.Workspaces.Engine;

/// <summary>What was done with a workspace since its last reset: a line each, appended by any number of processes.</summary>
internal sealed class History(WorkspaceFolder folder)
{
    internal const string Exec = "exec", FileWrite = "file_write", Patch = "patch", Sync = "sync", Export = "export", DiskExport = "disk_export", Snapshot = "snapshot", SnapshotDeleted = "snapshot_deleted";

    /// <summary>Gives the next command its number. A number is given once, also to a command that never ends.</summary>
    internal int NextSequence()
    {
        Directory.CreateDirectory(folder.Logs);
        while (true)
        {
            int next = 1;
            foreach (int given in Sequences())
                next = Math.Max(next, given + 1);
            try
            {
                // Whoever makes the file has the number.
                PrivateFile.Create(LogPath(next, "stdout")).Dispose();
                return next;
            }
            catch (PyroException) when (File.Exists(LogPath(next, "stdout")))
            {
                // Somebody else was quicker.
            }
        }
    }

    /// <summary>Where a command's output is kept.</summary>
    /// <param name="sequence">Its number.</param>
    /// <param name="stream"><c>stdout</c> or <c>stderr</c>.</param>
    internal string LogPath(int sequence, string stream) =>
        Path.Combine(folder.Logs, string.Create(CultureInfo.InvariantCulture, $"{sequence:d6}.{stream}"));

    /// <summary>How many commands there were.</summary>
    internal int CommandCount => Sequences().Count;

    /// <summary>Adds a line: in one write, so that lines of several processes do not mix.</summary>
    internal void Add(HistoryEntry entry)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(entry, EngineJson.Line.HistoryEntry), (byte)'\n'];
        try
        {
            PrivateFile.Append(folder.HistoryFile, line);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PyroException(ErrorCodes.FolderFailed, $"the history {folder.HistoryFile} cannot be written: {e.Message}", "Check that its disk has room and can be written to.", e);
        }
    }

    /// <summary>All lines in their order; one that a crash cut short is left out.</summary>
    internal IReadOnlyList<HistoryEntry> Read()
    {
        var entries = new List<HistoryEntry>();
        try
        {
            foreach (string line in File.ReadLines(folder.HistoryFile))
            {
                try
                {
                    if (JsonSerializer.Deserialize(line, EngineJson.Line.HistoryEntry) is { } entry)
                        entries.Add(entry);
                }
                catch (JsonException)
                {
                }
            }
        }
        catch (FileNotFoundException)
        {
        }

        return entries;
    }

    /// <summary>When something was added last, or null.</summary>
    internal DateTimeOffset? LastActivity => File.Exists(folder.HistoryFile) ? File.GetLastWriteTimeUtc(folder.HistoryFile) : null;

    /// <summary>Forgets everything.</summary>
    internal void Clear()
    {
        File.Delete(folder.HistoryFile);
        if (Directory.Exists(folder.Logs))
            Directory.Delete(folder.Logs, recursive: true);
    }

    private List<int> Sequences()
    {
        var sequences = new List<int>();
        if (!Directory.Exists(folder.Logs))
            return sequences;
        foreach (string file in Directory.EnumerateFiles(folder.Logs, "*.stdout"))
        {
            if (int.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out int sequence))
                sequences.Add(sequence);
        }

        return sequences;
    }
}
