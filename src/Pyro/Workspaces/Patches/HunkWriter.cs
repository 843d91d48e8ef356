using System.Buffers;
using System.Globalization;
using System.Text;

namespace Pyro.Workspaces.Patches;

/// <summary>Writes the changes of one text as unified hunks.</summary>
internal static class HunkWriter
{
    private const int Context = 3;

    internal static void Write(TextLines old, TextLines @new, IReadOnlyList<LineChange> changes, ArrayBufferWriter<byte> patch)
    {
        int first = 0;
        while (first < changes.Count)
        {
            int last = first;
            while (last + 1 < changes.Count && changes[last + 1].OldStart - changes[last].OldEnd <= 2 * Context)
                last++;
            WriteHunk(old, @new, changes, first, last, patch);
            first = last + 1;
        }
    }

    private static void WriteHunk(TextLines old, TextLines @new, IReadOnlyList<LineChange> changes, int first, int last, ArrayBufferWriter<byte> patch)
    {
        int before = Math.Min(Context, changes[first].OldStart);
        int after = Math.Min(Context, old.Count - changes[last].OldEnd);
        int oldStart = changes[first].OldStart - before;
        int oldEnd = changes[last].OldEnd + after;
        int newStart = changes[first].NewStart - before;
        int newEnd = changes[last].NewEnd + after;
        patch.Write(Encoding.UTF8.GetBytes($"@@ -{Range(oldStart, oldEnd)} +{Range(newStart, newEnd)} @@\n"));

        int line = oldStart;
        for (int i = first; i <= last; i++)
        {
            WriteLines(' ', old, line, changes[i].OldStart, patch);
            WriteLines('-', old, changes[i].OldStart, changes[i].OldEnd, patch);
            WriteLines('+', @new, changes[i].NewStart, changes[i].NewEnd, patch);
            line = changes[i].OldEnd;
        }

        WriteLines(' ', old, line, oldEnd, patch);
    }

    private static void WriteLines(char kind, TextLines text, int start, int end, ArrayBufferWriter<byte> patch)
    {
        for (int line = start; line < end; line++)
        {
            ReadOnlySpan<byte> content = text[line];
            patch.Write([(byte)kind]);
            patch.Write(content);
            if (content[^1] != '\n')
                patch.Write("\n\\ No newline at end of file\n"u8);
        }
    }

    /// <summary>The range as headers have it: lines count from 1, an empty range names the line before it.</summary>
    private static string Range(int start, int end)
    {
        int count = end - start;
        string from = (count == 0 ? start : start + 1).ToString(CultureInfo.InvariantCulture);
        return count == 1 ? from : $"{from},{count}";
    }
}
