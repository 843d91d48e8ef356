using Pyro.Workspaces.Files;

namespace Pyro.Workspaces.Engine;

/// <summary>Tells in short what was done with a workspace.</summary>
internal sealed class WorkspaceSummaries(PyroPaths paths)
{
    // Together with their headings, and lines for what is left out, fewer than 40 lines.
    internal const int MostCommands = 11, MostEdits = 4, MostOthers = 2, MostChanges = 4;

    private const int MostCommandChars = 120;

    internal async Task<WorkspaceSummary> SummarizeAsync(WorkspaceFolder folder, CancellationToken cancellationToken)
    {
        WorkspaceRecord record = folder.Load();
        WorkspaceSummary summary = Of(record, WorkspaceMachines.StateOf(folder, record).State, new History(folder).Read());
        try
        {
            WorkspaceDiff diff = await new WorkspaceFileWork(paths).DiffAsync(folder, cancellationToken).ConfigureAwait(false);
            return summary with { Changes = diff.Summary, ChangedPaths = [.. diff.Entries.Take(MostChanges)] };
        }
        catch (PyroException e)
        {
            return summary with { ChangesUnknown = e.Message };
        }
    }

    /// <summary>What the history says.</summary>
    internal static WorkspaceSummary Of(WorkspaceRecord record, WorkspaceState state, IReadOnlyList<HistoryEntry> history) => new()
    {
        WorkspaceId = record.WorkspaceId,
        Name = record.Name,
        State = state,
        Since = record.LastResetAt ?? record.CreatedAt,
        ResetCount = record.ResetCount,
        Commands = Commands(history, out int commands, out int failed),
        CommandCount = commands,
        FailedCommandCount = failed,
        Edits = Events(history, MostEdits, History.FileWrite, History.Patch, out int edits),
        EditCount = edits,
        Syncs = Events(history, MostOthers, History.Sync, History.Sync, out int syncs),
        SyncCount = syncs,
        Exports = Events(history, MostOthers, History.Export, History.DiskExport, out int exports),
        ExportCount = exports,
        Snapshots = Events(history, MostOthers, History.Snapshot, History.SnapshotDeleted, out int snapshots),
        SnapshotCount = snapshots,
    };

    /// <summary>Those that failed are kept for longer than those that did not.</summary>
    private static List<SummaryCommand> Commands(IReadOnlyList<HistoryEntry> history, out int count, out int failed)
    {
        var alike = new Dictionary<string, SummaryCommand>(StringComparer.Ordinal);
        count = failed = 0;
        foreach (HistoryEntry entry in history)
        {
            if (entry.Kind != History.Exec)
                continue;
            count++;
            if (entry.ExitCode != 0)
                failed++;
            string key = $"{entry.ExitCode?.ToString(provider: null)}{(entry.TimedOut ? "!" : "")}\0{entry.Cwd}\0{string.Join('\0', entry.Command)}";
            alike.TryGetValue(key, out SummaryCommand? before);
            double duration = Math.Round((before?.DurationMs ?? 0) + entry.DurationMs, 3);
            alike[key] = new SummaryCommand(entry.Sequence, OneLine(entry.Command), entry.ExitCode, entry.TimedOut, duration, (before?.Count ?? 0) + 1);
        }

        var items = new List<SummaryCommand>(alike.Values);
        items.Sort(static (a, b) => a.Sequence.CompareTo(b.Sequence));
        for (int i = 0; items.Count > MostCommands && i < items.Count;)
        {
            if (items[i].ExitCode == 0)
                items.RemoveAt(i);
            else
                i++;
        }

        if (items.Count > MostCommands)
            items.RemoveRange(0, items.Count - MostCommands);
        return items;
    }

    /// <summary>The last ones of two kinds; what was done again counts where it was done last.</summary>
    private static List<SummaryEvent> Events(IReadOnlyList<HistoryEntry> history, int most, string kind, string otherKind, out int count)
    {
        var items = new List<SummaryEvent>();
        count = 0;
        for (int i = history.Count - 1; i >= 0; i--)
        {
            HistoryEntry entry = history[i];
            if (entry.Kind != kind && entry.Kind != otherKind)
                continue;
            count++;
            int same = items.FindIndex(item => item.Kind == entry.Kind && item.Subject == entry.Subject && item.Target == entry.Target);
            if (same >= 0)
                items[same] = items[same] with { Count = items[same].Count + 1 };
            else if (items.Count < most)
                items.Add(new SummaryEvent(entry.Kind, entry.Subject, entry.Target, 1));
        }

        items.Reverse();
        return items;
    }

    private static string OneLine(IReadOnlyList<string> command)
    {
        string line = "";
        for (int i = 0; i < command.Count && line.Length <= MostCommandChars; i++)
        {
            string word = command[i].Length > MostCommandChars ? command[i][..(MostCommandChars + 1)] : command[i];
            word = word.Replace('\n', ' ').Replace('\t', ' ');
            line += (i == 0 ? "" : " ") + (word.Length == 0 || word.Contains(' ') ? $"'{word}'" : word);
        }

        return WorkspacePath.Shown(line.Length > MostCommandChars ? line[..MostCommandChars] + "..." : line);
    }
}
