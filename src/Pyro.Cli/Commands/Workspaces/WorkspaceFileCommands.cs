using System.CommandLine;
using System.Text;
using Pyro.Cli.Output;
using Pyro.Json;
using Pyro.Workspaces;

namespace Pyro.Cli.Commands;

/// <summary>The verbs for the files of a workspace.</summary>
internal static class WorkspaceFileCommands
{
    private const string WhereFiles = "A path below /workspace; a relative one means the same.";

    internal static Command File() => new("file", "List, read and write files.") { List(), Read(), Write() };

    internal static Argument<string> PathArgument() => new("PATH") { HelpName = "PATH", Description = WhereFiles };

    internal static Command Diff() => WorkspaceVerb.Of("diff", "Show what differs from the baseline.", [WorkspaceVerb.Id()], static async call =>
    {
        WorkspaceDiff diff = await call.Client.DiffWorkspaceAsync(call.Workspace, call.Stop).ConfigureAwait(false);
        return call.Answer(diff, PyroJson.Readable.WorkspaceDiff, d =>
        {
            Report.Out.Write(d.Patch);
            if (call.Report.Quiet)
                return;
            foreach (DiffEntry entry in d.Entries)
            {
                if (!entry.Patched)
                    Report.Error.WriteLine($"{PyroJson.NameOf(entry.Status)} {entry.Path} ({(entry.Reason is DiffReason reason ? PyroJson.NameOf(reason) : "not in the patch")})");
            }

            Report.Error.WriteLine(d.Changed
                ? $"{d.Summary.Added} added, {d.Summary.Modified} modified, {d.Summary.Deleted} deleted, {d.Summary.TypeChanged} of another type{(d.Truncated ? "; there are more" : "")}"
                : "nothing differs from the baseline");
        });
    });

    internal static Command Patch() => new("patch", "Change files by a patch.") { Apply() };

    /// <summary>A verb that lists a folder.</summary>
    internal static Command Listing(string description, string where, Func<WorkspaceCall, string, bool, Task<WorkspaceFileList>> work)
    {
        var path = new Argument<string>("PATH") { HelpName = "PATH", Description = where, DefaultValueFactory = static _ => Workspace.Path };
        var recursive = new Option<bool>("--recursive", "-r") { Description = "Folders in it too." };
        return WorkspaceVerb.Of("list", description, [WorkspaceVerb.Id(), path, recursive], async call =>
        {
            WorkspaceFileList list = await work(call, call.Parsed.GetRequiredValue(path), call.Parsed.GetValue(recursive)).ConfigureAwait(false);
            return call.Answer(list, PyroJson.Readable.WorkspaceFileList, static l =>
            {
                foreach (WorkspaceFileEntry e in l.Entries)
                    Report.Out.WriteLine($"{e.Mode} {e.Size,12} {WorkspaceVerb.Time(e.ModifiedAt)} {e.Path}{(e.Type == EntryKind.Directory ? "/" : "")}{(e.LinkTarget is null ? "" : $" -> {e.LinkTarget}")}");
                if (l.Truncated)
                    Report.Error.WriteLine("there are more");
            });
        });
    }

    /// <summary>A verb that shows a file.</summary>
    internal static Command Reading(string description, string where, Func<WorkspaceCall, string, int, Task<WorkspaceFileContent>> work)
    {
        var path = new Argument<string>("PATH") { HelpName = "PATH", Description = where };
        var max = new Option<int>("--max-bytes") { Description = "The most bytes to read.", HelpName = "N", DefaultValueFactory = static _ => 65536 };
        var contentOnly = new Option<bool>("--content-only") { Description = "Print the content and nothing else." };
        return WorkspaceVerb.Of("read", description, [WorkspaceVerb.Id(), path, max, contentOnly], async call =>
        {
            WorkspaceFileContent file = await work(call, call.Parsed.GetRequiredValue(path), call.Parsed.GetValue(max)).ConfigureAwait(false);
            return call.Answer(file, PyroJson.Readable.WorkspaceFileContent, f =>
            {
                Report.Out.Write(f.Content);
                if (f.Truncated && !call.Parsed.GetValue(contentOnly))
                    Report.Error.WriteLine($"pyro: {f.Path} has {f.Size} bytes, and this is only their beginning\n      Choose a larger --max-bytes.");
            });
        });
    }

    private static Command List() => Listing("List a folder.", "A folder below /workspace.", static (call, path, recursive) => call.Client.ListWorkspaceFilesAsync(call.Workspace, path, recursive, call.Stop));

    private static Command Read() => Reading("Show a text file.", WhereFiles, static (call, path, max) => call.Client.ReadWorkspaceFileAsync(call.Workspace, path, max, call.Stop));

    private static Command Write()
    {
        Argument<string> path = PathArgument();
        var text = new Option<string?>("--text") { Description = "The content.", HelpName = "T" };
        var textFile = new Option<string?>("--text-file") { Description = "A file on the host with the content; - for standard input.", HelpName = "F" };
        return WorkspaceVerb.Of("write", "Write a text file, whole; its parents are made.", [WorkspaceVerb.Id(), path, text, textFile], async call =>
        {
            string content = await OneOfAsync(call, "--text", text, "--text-file", textFile).ConfigureAwait(false);
            WorkspaceFileWritten written = await call.Client.WriteWorkspaceFileAsync(call.Workspace, call.Parsed.GetRequiredValue(path), content, call.Stop).ConfigureAwait(false);
            return call.Answer(written, PyroJson.Readable.WorkspaceFileWritten, static w => Report.Out.WriteLine($"{w.Path} has {w.BytesWritten} bytes"));
        });
    }

    private static Command Apply()
    {
        var patch = new Option<string?>("--patch") { Description = "A unified diff.", HelpName = "T" };
        var patchFile = new Option<string?>("--patch-file") { Description = "A file on the host with the diff; - for standard input.", HelpName = "F" };
        return WorkspaceVerb.Of("apply", "Apply a unified diff: all of it or nothing.", [WorkspaceVerb.Id(), patch, patchFile], async call =>
        {
            string diff = await OneOfAsync(call, "--patch", patch, "--patch-file", patchFile).ConfigureAwait(false);
            WorkspacePatchApplied applied = await call.Client.ApplyWorkspacePatchAsync(call.Workspace, diff, call.Stop).ConfigureAwait(false);
            return call.Answer(applied, PyroJson.Readable.WorkspacePatchApplied, static a =>
            {
                foreach (PatchedPath path in a.Changed)
                    Report.Out.WriteLine($"{PyroJson.NameOf(path.Status)} {(path.OldPath is null ? "" : $"{path.OldPath} -> ")}{path.Path}");
            });
        });
    }

    private static async Task<string> OneOfAsync(WorkspaceCall call, string textName, Option<string?> text, string fileName, Option<string?> file)
    {
        string? given = call.Parsed.GetValue(text), path = call.Parsed.GetValue(file);
        if (given is null == path is null)
            throw new PyroException(ErrorCodes.InvalidArgument, $"{(given is null ? "neither" : "both")} of {textName} and {fileName} {(given is null ? "is" : "are")} given", $"Give {textName} or {fileName}.");
        if (given is not null)
            return given;
        try
        {
            using Stream stream = path == "-" ? StandardStreams.Input : System.IO.File.OpenRead(path!);
            using var reader = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false);
            return await reader.ReadToEndAsync(call.Stop).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PyroException(ErrorCodes.NotFound, $"{path} cannot be read: {e.Message}", "Name a file that you can read.", e);
        }
        catch (DecoderFallbackException e)
        {
            throw new PyroException(ErrorCodes.NotText, $"{(path == "-" ? "standard input" : path)} is not UTF-8 text", "Push files that are not text: pyro workspace sync push", e);
        }
    }
}
