using System.Buffers;
using System.Text;

namespace Pyro.Workspaces.Patches;

/// <summary>
/// Writes a patch that <c>git apply</c> and <c>patch -p1</c> take: one section a file, with git's extended headers where
/// there is more to tell than lines. Each section is whole or not there.
/// </summary>
/// <param name="mostBytes">What the patch may grow to.</param>
internal sealed class PatchWriter(int mostBytes)
{
    private readonly ArrayBufferWriter<byte> _patch = new();
    private readonly ArrayBufferWriter<byte> _section = new();
    private long _budget = 10 * LineDiff.DefaultBudget;

    /// <summary>The patch so far, UTF-8.</summary>
    internal ReadOnlySpan<byte> Bytes => _patch.WrittenSpan;

    internal string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Adds what made the new state from the old; null is "no such file".</summary>
    /// <param name="oldPath">The path that the old state has, below the root of the tree.</param>
    /// <param name="old">What was there.</param>
    /// <param name="newPath">The same, or another if the file was renamed.</param>
    /// <param name="new">What is there.</param>
    /// <returns>False if it would have grown beyond its limit; it is then as it was.</returns>
    internal bool TryAdd(string oldPath, FileState? old, string newPath, FileState? @new)
    {
        _section.ResetWrittenCount();
        if (old is not null && @new is not null && old.Kind != @new.Kind)
        {
            // As git tells a change of type: the one goes, the other comes.
            WriteSection(oldPath, old, newPath, null);
            WriteSection(oldPath, null, newPath, @new);
        }
        else
        {
            WriteSection(oldPath, old, newPath, @new);
        }

        if (_patch.WrittenCount + _section.WrittenCount > mostBytes)
            return false;
        _patch.Write(_section.WrittenSpan);
        return true;
    }

    private void WriteSection(string oldPath, FileState? old, string newPath, FileState? @new)
    {
        TextLines before = old?.Content is { } oldContent ? new TextLines(oldContent) : TextLines.None;
        TextLines after = @new?.Content is { } newContent ? new TextLines(newContent) : TextLines.None;
        long whole = Math.Min(LineDiff.DefaultBudget, _budget);
        long left = whole;
        List<LineChange> changes = LineDiff.Compare(before, after, ref left);
        _budget -= whole - left;

        WriteLine($"diff --git {QuotedName.QuoteBesideOther("a/" + oldPath)} {QuotedName.QuoteBesideOther("b/" + newPath)}");
        if (old is null)
            WriteLine($"new file mode {Octal(@new!.GitMode)}");
        else if (@new is null)
            WriteLine($"deleted file mode {Octal(old.GitMode)}");
        else if (old.GitMode != @new.GitMode)
            WriteLine($"old mode {Octal(old.GitMode)}\nnew mode {Octal(@new.GitMode)}");
        if (oldPath != newPath)
            WriteLine($"similarity index {Similarity.Percent(before, after, changes)}%\nrename from {QuotedName.Quote(oldPath)}\nrename to {QuotedName.Quote(newPath)}");
        if (changes.Count == 0)
            return;

        WriteLine("--- " + (old is null ? "/dev/null" : Name("a/" + oldPath)));
        WriteLine("+++ " + (@new is null ? "/dev/null" : Name("b/" + newPath)));
        HunkWriter.Write(before, after, changes, _section);
    }

    /// <summary>A tab ends a name with spaces: without it, patch takes what follows the space for a time.</summary>
    private static string Name(string path)
    {
        string name = QuotedName.Quote(path);
        return name.Contains(' ') && name[0] != '"' ? name + "\t" : name;
    }

    private static string Octal(int mode) => Convert.ToString(mode, 8).PadLeft(6, '0');

    private void WriteLine(string line) => _section.Write(Encoding.UTF8.GetBytes(line + "\n"));
}
