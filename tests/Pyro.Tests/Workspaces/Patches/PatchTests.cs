using System.Text;
using Pyro.Workspaces;
using Pyro.Workspaces.Patches;

namespace Pyro.Tests.Workspaces.Patches;

/// <summary>Patches as agents write them, and what is refused with which words.</summary>
public sealed class PatchTests
{
    private const string Ten = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";

    [Theory]
    [InlineData("bare names", "--- f\n+++ f\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n")]
    [InlineData("prefixed names", "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n")]
    [InlineData("times behind names", "--- f\t2026-11-21 10:00:00.0 +0000\n+++ f 2026-11-21 10:00:00\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n")]
    [InlineData("a backup's name", "--- f.orig\n+++ f\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n")]
    [InlineData("a path of the guest", "--- /workspace/f\n+++ /workspace/f\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n")]
    [InlineData("wrong counts", "--- f\n+++ f\n@@ -1,9 +1,1 @@\n-1\n+one\n 2\n")]
    [InlineData("no numbers", "--- f\n+++ f\n@@ @@\n-1\n+one\n 2\n")]
    [InlineData("a wrong line", "--- f\n+++ f\n@@ -7,2 +7,2 @@\n-1\n+one\n 2\n")]
    [InlineData("no newline at the patch's end", "--- f\n+++ f\n@@ -1,2 +1,2 @@\n-1\n+one\n 2")]
    [InlineData("CRLF all over the patch", "--- f\r\n+++ f\r\n@@ -1,2 +1,2 @@\r\n-1\r\n+one\r\n 2\r\n")]
    [InlineData("CRLF in the body alone", "--- f\n+++ f\n@@ -1,2 +1,2 @@\n-1\r\n+one\r\n 2\r\n")]
    [InlineData("prose and a fence", "Here is the fix:\n\n```diff\n--- f\n+++ f\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n```\nIt works.\n")]
    [InlineData("mail with a signature", "Subject: x\n---\n f | 2 +-\n\ndiff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n-- \n2.39.5\n")]
    public void Forms_that_agents_write_apply(string form, string patch)
        => Assert.Equal("one\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", Applied(patch, ("f", Ten))["f"] is { } text ? text : form);

    [Fact]
    public void A_blank_line_of_context_may_have_lost_its_blank()
        => Assert.Equal("a\n\nB\n", Applied("--- f\n+++ f\n@@ -1,3 +1,3 @@\n a\n\n-b\n+B\n", ("f", "a\n\nb\n"))["f"]);

    [Fact]
    public void A_file_with_crlf_keeps_it_when_the_patch_has_none()
        => Assert.Equal("1\r\ntwo\r\n3\r\n", Applied("--- f\n+++ f\n@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n", ("f", "1\r\n2\r\n3\r\n"))["f"]);

    [Fact]
    public void A_last_line_without_newline_takes_lines_behind_it()
        => Assert.Equal("1\n2\n3\n", Applied("--- f\n+++ f\n@@ -1,2 +1,3 @@\n 1\n 2\n+3\n", ("f", "1\n2"))["f"]);

    [Fact]
    public void Hunks_after_one_that_was_moved_are_looked_for_as_far_away()
    {
        string before = string.Concat(Enumerable.Range(0, 50).Select(i => $"new {i}\n")) + Ten;
        string patch = "--- f\n+++ f\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n@@ -9,2 +9,2 @@\n 9\n-10\n+ten\n";
        Assert.EndsWith("one\n2\n3\n4\n5\n6\n7\n8\n9\nten\n", Applied(patch, ("f", before))["f"], StringComparison.Ordinal);
    }

    [Fact]
    public void Files_swap_their_names()
    {
        Dictionary<string, string> tree = Applied(
            "diff --git a/x b/y\nrename from x\nrename to y\ndiff --git a/y b/x\nrename from y\nrename to x\n", ("x", "1\n"), ("y", "2\n"));
        Assert.Equal(("2\n", "1\n"), (tree["x"], tree["y"]));
    }

    [Theory]
    [InlineData("--- f\n+++ f\n@@ -1,2 +1,2 @@\n-1\n+one\n 3\n", "f, hunk 1: its lines are not there (it belongs at line 1): at line 2 expected \"3\", found \"2\"")]
    [InlineData("--- f\n+++ f\n@@ -1,1 +1,1 @@\n-1\n+one\n@@ -9,2 +9,2 @@\n 9\n-11\n+ten\n", "f, hunk 2")]
    [InlineData("--- g\n+++ g\n@@ -1 +1 @@\n-1\n+one\n", "g: there is no such file")]
    [InlineData("--- /dev/null\n+++ f\n@@ -0,0 +1 @@\n+one\n", "f: it is to be made, and is there already")]
    [InlineData("--- f\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-1\n-2\n", "f: it is to be deleted, and holds 8 lines that the patch does not show")]
    [InlineData("--- twice\n+++ twice\n@@ -9 +9 @@\n-a\n+b\n", "it fits in more than one place, as at lines 1 and 3")]
    [InlineData("diff --git a/f b/twice\nrename from f\nrename to twice\n", "f is to become it, and it is there already")]
    [InlineData("--- binary\n+++ binary\n@@ -1 +1 @@\n-a\n+b\n", "it is not text")]
    public void What_does_not_fit_is_refused_with_file_hunk_and_reason(string patch, string reason)
    {
        PyroException e = Assert.Throws<PyroException>(() => Applied(patch, ("f", Ten), ("twice", "a\nx\na\n"), ("binary", "\0")));
        Assert.Equal(ErrorCodes.PatchRejected, e.Code);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "no file header")]
    [InlineData("hello", "no file header")]
    [InlineData("@@ -1 +1 @@\n-a\n+b\n", "a hunk before any file's header")]
    [InlineData("*** Begin Patch\n*** Update File: f\n", "apply_patch")]
    [InlineData("diff --git a/f b/f\nindex 1..2\nGIT binary patch\nliteral 0\n", "patched as binary")]
    [InlineData("Binary files a/f and b/f differ\n", "binary files cannot be patched")]
    [InlineData("diff --git a/f b/f\nold mode 160000\nnew mode 100644\n", "neither a file's")]
    [InlineData("--- a\n+++ f\n@@ -1 +1 @@\n-1\n+2\n", "it names two files")]
    [InlineData("--- f\n+++ f\n@@ -99999999999,1 +1 @@\n-1\n+2\n", "a line number that no file has")]
    public void What_is_no_patch_is_refused_by_name(string patch, string reason)
    {
        PyroException e = Assert.Throws<PyroException>(() => Applied(patch, ("f", Ten)));
        Assert.Equal(ErrorCodes.PatchInvalid, e.Code);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../f")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../f")]
    [InlineData("/workspace/../etc/passwd")]
    public void Paths_outside_the_workspace_are_refused(string path)
        => Assert.Equal(ErrorCodes.PathOutsideWorkspace, Assert.Throws<PyroException>(() => Applied($"--- {path}\n+++ {path}\n@@ -1 +1 @@\n-1\n+2\n")).Code);

    [Fact]
    public void Nothing_is_given_out_when_one_of_many_files_is_refused()
    {
        PyroException e = Assert.Throws<PyroException>(() => Applied("--- f\n+++ f\n@@ -1 +1 @@\n-1\n+one\n--- g\n+++ g\n@@ -1 +1 @@\n-1\n+one\n", ("f", Ten)));
        Assert.Contains("g: there is no such file", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hunk_that_nearly_fits_everywhere_costs_no_more_than_its_budget()
    {
        string same = string.Concat(Enumerable.Repeat("x\n", 500_000));
        var patch = new StringBuilder("--- f\n+++ f\n");
        for (int i = 0; i < 20; i++)
            patch.Append("@@ @@\n").Append(string.Concat(Enumerable.Repeat(" x\n", 20_000))).Append("-y\n");
        PyroException e = Assert.Throws<PyroException>(() => Applied(patch.ToString(), ("f", same)));
        Assert.Contains("too alike", e.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Applied(string patch, params (string Path, string Text)[] files)
    {
        Dictionary<string, FileState> tree = files.ToDictionary(file => file.Path, file => FileState.OfFile(Encoding.UTF8.GetBytes(file.Text)));
        return PatchTrees.Ours(tree, Encoding.UTF8.GetBytes(patch)).ToDictionary(pair => pair.Key, pair => Encoding.UTF8.GetString(pair.Value.Content!.Value.Span));
    }
}
