using Pyro.Environments;

namespace Pyro.Tests.Environments;

/// <summary>Makes real ext4 images of a folder with one file, in some milliseconds.</summary>
internal sealed class SmallSource : IEnvironmentSource
{
    private int _builds;

    internal int Builds => _builds;

    /// <summary>Awaited in the middle of each build.</summary>
    internal Func<CancellationToken, Task> During { get; set; } = _ => Task.CompletedTask;

    internal string Content { get; set; } = "first";

    public IReadOnlyList<EnvironmentRecipe> Offers => [new("small:1", "a test's image", Content), new("small:2", "another", Content)];

    public EnvironmentRecipe? Find(string reference) => Offers.FirstOrDefault(recipe => recipe.Name == reference);

    public async Task<EnvironmentContent> BuildAsync(EnvironmentRecipe recipe, string folder, Action<string, string> report, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _builds);
        report(EnvironmentProgress.Packages, "one file");
        string root = Directory.CreateDirectory(Path.Combine(folder, "root")).FullName;
        await File.WriteAllTextAsync(Path.Combine(root, "hello"), Content, cancellationToken);
        await During(cancellationToken);
        await BuildTool.RunAsync(
            BuildPrivilege.None, ["mkfs.ext4", "-q", "-d", root, Path.Combine(folder, IEnvironmentSource.RootDiskName), "4m"], null, null, cancellationToken);
        return new EnvironmentContent("a test", [new EnvironmentPackage("hello", "1")]);
    }
}
