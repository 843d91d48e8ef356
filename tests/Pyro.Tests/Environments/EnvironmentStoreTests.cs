using Pyro.Environments;

namespace Pyro.Tests.Environments;

public sealed class EnvironmentStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SmallSource _source = new();
    private readonly EnvironmentStore _store;

    public EnvironmentStoreTests() => _store = NewStore();

    [Fact]
    public void An_unknown_name_is_answered_with_the_known_ones()
    {
        PyroException e = Assert.Throws<PyroException>(() => _store.Resolve("alpine:3"));

        Assert.Equal(ErrorCodes.EnvironmentNotFound, e.Code);
        Assert.Equal("there is no environment alpine:3", e.Message);
        Assert.Contains("small:1, small:2", e.Hint, StringComparison.Ordinal);
        Assert.Contains("registries are not supported yet", e.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_known_name_that_is_not_installed_says_how_to_install_it()
    {
        PyroException e = Assert.Throws<PyroException>(() => _store.Resolve("small:1"));

        Assert.Equal(ErrorCodes.EnvironmentNotFound, e.Code);
        Assert.Contains("pyro env pull small:1", e.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pull_installs_and_reports_its_steps()
    {
        var steps = new List<string>();
        InstalledEnvironment pulled = await _store.PullAsync("small:1", progress: new Recorder(steps));
        InstalledEnvironment resolved = NewStore().Resolve("small:1");

        Assert.Equal(pulled.Digest, resolved.Digest);
        Assert.Equal(4 << 20, resolved.Size);
        Assert.Equal(new FileInfo(resolved.RootDisk).Length, resolved.Size);
        Assert.InRange(resolved.DiskUsage, 1, resolved.Size);
        Assert.Equal([new EnvironmentPackage("hello", "1")], resolved.Packages);
        Assert.Equal("a test", resolved.Source);
        Assert.Equal([EnvironmentProgress.Packages, EnvironmentProgress.Digest, EnvironmentProgress.Installed], steps);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(resolved.RootDisk));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(resolved.RootDisk)!));
        Assert.Equal(pulled.Digest, _store.Verify("small:1").Digest);
    }

    [Fact]
    public async Task A_second_pull_does_nothing_and_a_forced_one_builds_anew()
    {
        InstalledEnvironment first = await _store.PullAsync("small:1");
        await _store.PullAsync("small:1");
        Assert.Equal(1, _source.Builds);

        InstalledEnvironment forced = await _store.PullAsync("small:1", force: true);
        Assert.Equal(2, _source.Builds);
        Assert.True(forced.Created > first.Created);
        Assert.Single(Directory.GetDirectories(_folder.Path));
    }

    [Fact]
    public async Task Two_pulls_at_once_build_once()
    {
        var building = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        _source.During = async _ =>
        {
            building.SetResult();
            await goOn.Task;
        };
        var steps = new List<string>();
        Task<InstalledEnvironment> first = _store.PullAsync("small:1");
        await building.Task;
        Task<InstalledEnvironment> second = NewStore().PullAsync("small:1", progress: new Recorder(steps));
        Assert.Equal(EnvironmentState.Available, _store.List()[0].State);
        goOn.SetResult();

        Assert.Equal((await first).Digest, (await second).Digest);
        Assert.Equal(1, _source.Builds);
        Assert.Equal([EnvironmentProgress.Wait], steps);
    }

    [Fact]
    public async Task A_failed_build_leaves_nothing()
    {
        _source.During = _ => throw new PyroException(ErrorCodes.EnvironmentBuildFailed, "no mirror");

        await Assert.ThrowsAsync<PyroException>(() => _store.PullAsync("small:1"));
        Assert.Empty(Directory.GetDirectories(_folder.Path));
        Assert.Equal(EnvironmentState.Available, _store.List()[0].State);
    }

    [Fact]
    public async Task A_cancelled_build_leaves_nothing()
    {
        using var cancel = new CancellationTokenSource();
        _source.During = _ => cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _store.PullAsync("small:1", cancellationToken: cancel.Token));
        Assert.Empty(Directory.GetDirectories(_folder.Path));
    }

    [Fact]
    public async Task What_a_killed_build_left_is_never_seen_and_goes_with_the_next_pull()
    {
        string left = Directory.CreateDirectory(_folder.File($".build-{_source.Offers[0].FolderName}~0123abcd/whole")).FullName;
        await File.WriteAllTextAsync(Path.Combine(left, "rootfs.ext4"), "half");

        Assert.Equal(EnvironmentState.Available, _store.List()[0].State);
        await _store.PullAsync("small:1");
        Assert.False(Directory.Exists(left));
        Assert.Equal(EnvironmentState.Installed, _store.List()[0].State);
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("superblock")]
    [InlineData("other file system")]
    [InlineData("no image")]
    [InlineData("no record")]
    [InlineData("record cut off")]
    public async Task Damage_is_seen_at_the_next_use_and_repaired_by_the_next_pull(string damage)
    {
        string disk = (await _store.PullAsync("small:1")).RootDisk;
        string record = Path.Combine(Path.GetDirectoryName(disk)!, "environment.json");
        switch (damage)
        {
            case "truncated":
                using (FileStream file = File.OpenWrite(disk))
                    file.SetLength(1 << 20);
                break;
            case "superblock":
                Overwrite(disk, 1024, new byte[1024]);
                break;
            case "other file system":
                Overwrite(disk, 1024 + 0x68, [1, 2, 3, 4]);
                break;
            case "no image":
                File.Delete(disk);
                break;
            case "no record":
                File.Delete(record);
                break;
            default:
                File.WriteAllText(record, File.ReadAllText(record)[..40]);
                break;
        }

        PyroException e = Assert.Throws<PyroException>(() => _store.Resolve("small:1"));
        Assert.Equal(ErrorCodes.EnvironmentDamaged, e.Code);
        Assert.Contains("pyro env pull small:1", e.Hint, StringComparison.Ordinal);
        Assert.Equal(EnvironmentState.Damaged, _store.List()[0].State);

        await _store.PullAsync("small:1");
        Assert.Equal(2, _source.Builds);
        Assert.Equal("small:1", _store.Verify("small:1").Name);
        Assert.Single(Directory.GetDirectories(_folder.Path));
    }

    [Fact]
    public async Task Verify_sees_a_single_changed_byte()
    {
        string disk = (await _store.PullAsync("small:1")).RootDisk;
        Overwrite(disk, 3 << 20, [1]);

        Assert.Equal("small:1", _store.Resolve("small:1").Name);
        PyroException e = Assert.Throws<PyroException>(() => _store.Verify("small:1"));
        Assert.Equal(ErrorCodes.EnvironmentDamaged, e.Code);
    }

    [Fact]
    public async Task Remove_removes_one_and_says_whether_it_was_there()
    {
        await _store.PullAsync("small:1");
        await _store.PullAsync("small:2");

        Assert.True(_store.Remove("small:1"));
        Assert.False(_store.Remove("small:1"));
        Assert.Equal([EnvironmentState.Available, EnvironmentState.Installed], _store.List().Select(one => one.State));
    }

    [Fact]
    public async Task What_is_being_installed_cannot_be_removed_or_pruned()
    {
        await _store.PullAsync("small:1");
        var building = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        _source.During = async _ =>
        {
            building.SetResult();
            await goOn.Task;
        };
        Task pull = _store.PullAsync("small:1", force: true);
        await building.Task;

        Assert.Equal(ErrorCodes.EnvironmentBusy, Assert.Throws<PyroException>(() => _store.Remove("small:1")).Code);
        Assert.Empty(_store.Prune().Removed);
        goOn.SetResult();
        await pull;
        Assert.Equal("small:1", _store.Verify("small:1").Name);
    }

    [Fact]
    public async Task Prune_removes_what_no_recipe_makes_any_more_and_keeps_the_rest()
    {
        await _store.PullAsync("small:1");
        _source.Content = "second";
        string kept = (await _store.PullAsync("small:1")).RootDisk;
        Directory.CreateDirectory(_folder.File(".build-small-2-0000000000000000~01234567"));

        PruneResult result = _store.Prune();

        Assert.Equal(2, result.Removed.Count);
        Assert.InRange(result.FreedBytes, 1, 8 << 20);
        Assert.True(File.Exists(kept));
        Assert.Single(Directory.GetDirectories(_folder.Path));
        Assert.Empty(_store.Prune().Removed);
    }

    public void Dispose() => _folder.Dispose();

    private static void Overwrite(string path, long offset, byte[] bytes)
    {
        using FileStream file = File.OpenWrite(path);
        file.Position = offset;
        file.Write(bytes);
    }

    private EnvironmentStore NewStore() => new(_folder.Path, [_source]);

    private sealed class Recorder(List<string> steps) : IProgress<EnvironmentProgress>
    {
        public void Report(EnvironmentProgress value)
        {
            lock (steps)
                steps.Add(value.Step);
        }
    }
}
