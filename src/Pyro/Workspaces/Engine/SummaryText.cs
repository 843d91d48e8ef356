using System.Globalization;
using System.Text;
using Pyro.Json;
using Pyro.Workspaces.Files;

namespace Pyro.Workspaces.Engine;

/// <summary>A summary in words.</summary>
internal static class SummaryText
{
    private const int MostChars = 160;

    internal static string Of(WorkspaceSummary summary)
    {
        var text = new StringBuilder();
        Line(text, $"workspace  {summary.WorkspaceId}{(summary.Name is null ? "" : $" ({summary.Name})")}, {PyroJson.NameOf(summary.State)}");
        Line(text, $"since      {summary.Since.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}, {(summary.ResetCount == 0 ? "when it was made" : $"its reset no. {summary.ResetCount}")}");
        Commands(text, summary);
        Events(text, "edits", summary.EditCount, summary.Edits);
        Events(text, "syncs", summary.SyncCount, summary.Syncs);
        Events(text, "exports", summary.ExportCount, summary.Exports);
        Events(text, "snapshots", summary.SnapshotCount, summary.Snapshots);
        Changes(text, summary);
        return text.ToString();
    }

    private static void Commands(StringBuilder text, WorkspaceSummary summary)
    {
        Line(text, $"commands   {summary.CommandCount}{(summary.FailedCommandCount == 0 ? "" : $", {summary.FailedCommandCount} failed")}");
        int others = summary.CommandCount, failed = summary.FailedCommandCount;
        foreach (SummaryCommand command in summary.Commands)
        {
            others -= command.Count;
            failed -= command.ExitCode == 0 ? 0 : command.Count;
        }

        if (others > 0)
            Line(text, $"  ({others} others, {failed} of them failed)");
        foreach (SummaryCommand command in summary.Commands)
        {
            string end = command.TimedOut ? "time limit" : command.ExitCode is int code ? code == 0 ? "ok" : $"exit {code}" : "never ended";
            string seconds = (command.DurationMs / 1000).ToString("F1", CultureInfo.InvariantCulture);
            Line(text, $"  #{command.Sequence} {end}, {seconds} s{Times(command.Count)}: {command.Command}");
        }
    }

    private static void Events(StringBuilder text, string title, int count, IReadOnlyList<SummaryEvent> events)
    {
        if (count == 0)
            return;
        Line(text, $"{title,-11}{count}");
        int before = count;
        foreach (SummaryEvent e in events)
            before -= e.Count;
        if (before > 0)
            Line(text, $"  ({before} before)");
        foreach (SummaryEvent e in events)
        {
            string what = e.Kind switch { History.DiskExport => "disk", History.Patch => "patched ", History.SnapshotDeleted => "deleted ", _ => "" };
            Line(text, $"  {what}{e.Subject}{(e.Target is null ? "" : $" -> {e.Target}")}{Times(e.Count)}");
        }
    }

    private static void Changes(StringBuilder text, WorkspaceSummary summary)
    {
        if (summary.Changes is not { } changes)
        {
            Line(text, $"changed    not known: {summary.ChangesUnknown}");
            return;
        }

        int all = changes.Added + changes.Modified + changes.Deleted + changes.TypeChanged;
        Line(text, all == 0
            ? "changed    nothing since the baseline"
            : $"changed    {changes.Added} added, {changes.Modified} modified, {changes.Deleted} deleted, {changes.TypeChanged} of another type since the baseline");
        foreach (DiffEntry entry in summary.ChangedPaths)
            Line(text, $"  {PyroJson.NameOf(entry.Status)} {entry.Path}");
        if (all > summary.ChangedPaths.Count)
            Line(text, $"  (and {all - summary.ChangedPaths.Count} more)");
    }

    private static string Times(int count) => count == 1 ? "" : $", {count} times";

    // Names come from guests too: one line each, and not a long one.
    private static void Line(StringBuilder text, string line) =>
        text.Append(WorkspacePath.Shown(line.Length > MostChars ? line[..MostChars] + "..." : line)).Append('\n');
}
