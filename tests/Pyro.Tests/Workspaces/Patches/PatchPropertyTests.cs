using System.Text;
using Pyro.Workspaces;
using Pyro.Workspaces.Patches;

namespace Pyro.Tests.Workspaces.Patches;

/// <summary>Random trees and edits: our diff, applied by us, by git and by GNU patch, gives the new tree; reversed, the old.</summary>
public sealed class PatchPropertyTests
{
    private static readonly string[] Names = ["a", "b c", "d/e.txt", "d/f\"g", "ü/ß 語", "tab\there", "back\\slash", "x/y/z", "new\nline", "-dash", "a b/c d"];

    [Fact]
    public void Random_edits_apply_alike_with_us_git_and_patch_forward_and_back()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            Dictionary<string, FileState> old = RandomTree(random);
            Dictionary<string, FileState> @new = Edited(old, random);
            byte[] patch = PatchTrees.Diff(old, @new);
            byte[] back = PatchTrees.Diff(@new, old);
            if (patch.Length == 0)
                continue;
            string about = $"seed {seed}\n{Encoding.UTF8.GetString(patch)}";
            PatchTrees.AssertSame(@new, PatchTrees.Ours(old, patch), "ours, " + about);
            PatchTrees.AssertSame(old, PatchTrees.Ours(@new, back), "ours back, " + about);
            PatchTrees.AssertSame(@new, PatchTrees.By(old, patch, "git", "apply", "--whitespace=nowarn"), "git, " + about);
            PatchTrees.AssertSame(old, PatchTrees.By(@new, patch, "git", "apply", "-R", "--whitespace=nowarn"), "git -R, " + about);
            // GNU patch takes no line feed in a name.
            if (!about.Contains("new\\nline", StringComparison.Ordinal))
                PatchTrees.AssertSame(@new, PatchTrees.By(old, patch, "patch", "-p1", "--no-backup-if-mismatch", "-f"), "patch, " + about);
        }
    }

    [Fact]
    public void Git_s_own_diffs_of_random_edits_apply()
    {
        for (int seed = 100; seed < 115; seed++)
        {
            var random = new Random(seed);
            Dictionary<string, FileState> old = RandomTree(random);
            Dictionary<string, FileState> @new = Edited(old, random);
            using var folder = new TemporaryFolder();
            PatchTrees.Save(old, Path.Combine(folder.Path, "w"));
            Directory.CreateDirectory(Path.Combine(folder.Path, "w"));
            string git = "git -c core.quotePath=" + (seed % 2 == 0 ? "true" : "false") + " -c user.name=x -c user.email=x@example.org";
            string Shell(string script) => TestShell.Run(script, folder.Path);
            Shell($"cd w && git init -q . && git add -A && {git} commit -q --allow-empty -m old");
            Directory.GetFileSystemEntries(Path.Combine(folder.Path, "w")).Where(p => !p.EndsWith("/.git", StringComparison.Ordinal)).ToList().ForEach(p => TestShell.Run($"rm -rf -- \"$1\"", folder.Path, p));
            PatchTrees.Save(@new, Path.Combine(folder.Path, "w"));
            Shell($"cd w && git add -A && {git} diff --cached -M -U{random.Next(1, 5)} HEAD > ../patch");
            byte[] patch = File.ReadAllBytes(Path.Combine(folder.Path, "patch"));
            if (patch.Length > 0)
                PatchTrees.AssertSame(@new, PatchTrees.Ours(old, patch), $"seed {seed}\n{Encoding.UTF8.GetString(patch)}");
        }
    }

    [Fact]
    public void Damaged_patches_apply_or_are_refused_by_name_and_end()
    {
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            Dictionary<string, FileState> old = RandomTree(random);
            byte[] patch = PatchTrees.Diff(old, Edited(old, random));
            for (int damage = random.Next(1, 8); damage > 0 && patch.Length > 0; damage--)
                patch = Damaged(patch, random);
            try
            {
                PatchTrees.Ours(old, patch);
            }
            catch (PyroException e)
            {
                Assert.Contains(e.Code, (string[])[ErrorCodes.PatchInvalid, ErrorCodes.PatchRejected, ErrorCodes.PathOutsideWorkspace]);
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    private static byte[] Damaged(byte[] patch, Random random)
    {
        int at = random.Next(patch.Length);
        int end = Math.Min(patch.Length, at + random.Next(1, 30));
        switch (random.Next(5))
        {
            case 0:
                return [.. patch[..at], .. patch[end..]];
            case 1:
                return [.. patch[..end], .. patch[at..]];
            case 2:
                return [.. patch[..at], (byte)random.Next(256), .. patch[at..]];
            case 3:
                string[] lines = Encoding.UTF8.GetString(patch).Split('\n');
                random.Shuffle(lines);
                return Encoding.UTF8.GetBytes(string.Join('\n', lines));
            default:
                byte[] changed = [.. patch];
                changed[at] = (byte)" +-@\n\\/09\""[random.Next(10)];
                return changed;
        }
    }

    private static Dictionary<string, FileState> RandomTree(Random random)
    {
        var tree = new Dictionary<string, FileState>();
        foreach (string name in Names)
        {
            if (random.Next(3) != 0)
                tree[name] = RandomFile(random);
        }

        return tree;
    }

    private static FileState RandomFile(Random random) => random.Next(8) == 0
        ? FileState.OfLink(Encoding.UTF8.GetBytes("target " + random.Next(3)))
        : FileState.OfFile(RandomText(random), random.Next(4) == 0 ? 0x1ed : 0x1a4);

    private static byte[] RandomText(Random random)
    {
        if (random.Next(8) == 0)
            return [];
        string end = random.Next(4) == 0 ? "\r\n" : "\n";
        int kinds = random.Next(2) == 0 ? 4 : 1000;
        var text = new StringBuilder();
        for (int lines = random.Next(1, 60); lines > 0; lines--)
            text.Append(Line(random, kinds)).Append(end);
        if (random.Next(4) == 0)
            text.Length -= end.Length;
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static string Line(Random random, int kinds) => random.Next(kinds) switch
    {
        0 => "",
        1 => "-- removed? --- a/x",
        2 => "\\ No newline at end of file",
        3 => "@@ -1 +1 @@ ünï",
        int n => new string(' ', n % 7) + "line " + n,
    };

    private static Dictionary<string, FileState> Edited(Dictionary<string, FileState> old, Random random)
    {
        var tree = new Dictionary<string, FileState>(old);
        foreach (string name in Names)
        {
            bool there = tree.TryGetValue(name, out FileState? state);
            switch (random.Next(6))
            {
                case 0 when there:
                    tree.Remove(name);
                    break;
                case 0:
                    tree[name] = RandomFile(random);
                    break;
                case 1 when there && state!.Kind == EntryKind.File:
                    tree[name] = state with { Mode = state.Mode ^ 0x49 };
                    break;
                case 2 or 3 when there && state!.Kind == EntryKind.File:
                    tree[name] = FileState.OfFile(EditedText(state.Content!.Value.ToArray(), random), state.Mode);
                    break;
                case 4 when there && random.Next(3) == 0:
                    tree[name] = RandomFile(random);
                    break;
            }
        }

        return tree;
    }

    private static byte[] EditedText(byte[] content, Random random)
    {
        List<string> lines = [.. Encoding.UTF8.GetString(content).Split('\n')];
        for (int edits = random.Next(1, 6); edits > 0; edits--)
        {
            int at = random.Next(lines.Count + 1);
            int count = Math.Min(random.Next(4), lines.Count - at);
            if (random.Next(2) == 0)
                lines.RemoveRange(at, count);
            for (int i = random.Next(4); i > 0; i--)
                lines.Insert(at, Line(random, 6));
        }

        return Encoding.UTF8.GetBytes(string.Join('\n', lines));
    }
}
