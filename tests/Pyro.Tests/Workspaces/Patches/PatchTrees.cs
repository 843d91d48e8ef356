using System.Diagnostics;
using System.Text;
using Pyro.Workspaces;
using Pyro.Workspaces.Patches;

namespace Pyro.Tests.Workspaces.Patches;

/// <summary>Small trees of files in memory and on the disk, and what patches make of them: ours, git's and GNU patch's.</summary>
internal static class PatchTrees
{
    internal static byte[] Diff(IReadOnlyDictionary<string, FileState> old, IReadOnlyDictionary<string, FileState> @new, params (string From, string To)[] renames)
    {
        var writer = new PatchWriter(int.MaxValue);
        foreach (string path in old.Keys.Union(@new.Keys).Except(renames.Select(r => r.From)).Order(StringComparer.Ordinal))
        {
            string oldPath = renames.FirstOrDefault(r => r.To == path).From ?? path;
            FileState? before = old.GetValueOrDefault(oldPath);
            FileState? after = @new.GetValueOrDefault(path);
            if (oldPath != path || !Same(before, after))
                Assert.True(writer.TryAdd(oldPath, before, path, after));
        }

        return writer.Bytes.ToArray();
    }

    internal static bool Same(FileState? a, FileState? b) => a is null || b is null
        ? a is null && b is null
        : a.GitMode == b.GitMode && a.Content!.Value.Span.SequenceEqual(b.Content!.Value.Span);

    internal static Dictionary<string, FileState> Ours(IReadOnlyDictionary<string, FileState> tree, byte[] patch)
    {
        var result = new Dictionary<string, FileState>(tree);
        foreach (PatchEdit edit in PatchApplier.Apply(PatchParser.Parse(patch), path => tree.GetValueOrDefault(path)))
        {
            switch (edit)
            {
                case PatchEdit.Delete:
                    Assert.True(result.Remove(edit.Path));
                    break;
                case PatchEdit.Rename rename:
                    Assert.True(result.Remove(edit.Path, out FileState? moved));
                    result.Add(rename.To, moved!);
                    break;
                case PatchEdit.Write write:
                    result[edit.Path] = write.State;
                    break;
                case PatchEdit.SetMode mode:
                    result[edit.Path] = result[edit.Path] with { Mode = mode.Mode };
                    break;
            }
        }

        return result;
    }

    internal static void Save(IReadOnlyDictionary<string, FileState> tree, string folder)
    {
        foreach ((string path, FileState state) in tree)
        {
            string file = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            if (state.Kind == EntryKind.Symlink)
            {
                File.CreateSymbolicLink(file, Encoding.UTF8.GetString(state.Content!.Value.Span));
                continue;
            }

            File.WriteAllBytes(file, state.Content!.Value.ToArray());
            File.SetUnixFileMode(file, (UnixFileMode)state.Mode);
        }
    }

    internal static Dictionary<string, FileState> Load(string folder)
    {
        var tree = new Dictionary<string, FileState>();
        foreach (string file in Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None }))
        {
            tree[Path.GetRelativePath(folder, file)] = new FileInfo(file).LinkTarget is { } target
                ? FileState.OfLink(Encoding.UTF8.GetBytes(target))
                : FileState.OfFile(File.ReadAllBytes(file), (int)File.GetUnixFileMode(file));
        }

        return tree;
    }

    /// <summary>Runs a program over the tree in a folder of its own, with the patch as its input.</summary>
    internal static Dictionary<string, FileState> By(IReadOnlyDictionary<string, FileState> tree, byte[] patch, params string[] command)
    {
        using var folder = new TemporaryFolder();
        Save(tree, folder.Path);
        var start = new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = folder.Path, RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true };
        // No repository above: git apply would then leave out files that are not below it.
        start.Environment["GIT_CEILING_DIRECTORIES"] = Path.GetDirectoryName(folder.Path);
        start.Environment["LC_ALL"] = "C.UTF-8";
        using Process process = Process.Start(start)!;
        Task<string> said = process.StandardError.ReadToEndAsync();
        Task<string> told = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.BaseStream.Write(patch);
        process.StandardInput.Close();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', command)}: {said.Result}{told.Result}\n{Encoding.UTF8.GetString(patch)}");
        return Load(folder.Path);
    }

    internal static void AssertSame(IReadOnlyDictionary<string, FileState> expected, IReadOnlyDictionary<string, FileState> actual, string about)
    {
        Assert.True(expected.Keys.Order().SequenceEqual(actual.Keys.Order()), $"paths: {about}");
        foreach ((string path, FileState state) in expected)
            Assert.True(Same(state, actual[path]), $"{path}: {about}");
    }
}
