using Pyro.Files;

namespace Pyro.Tests.Files;

public sealed class RuntimeFolderTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void It_is_private_and_goes_with_its_owner()
    {
        string path;
        using (RuntimeFolder folder = RuntimeFolder.Create(_root.Path))
        {
            path = folder.Path;
            Assert.Equal(12, folder.Id.Length);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
        }

        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public void Folders_of_living_owners_are_not_reaped()
    {
        using RuntimeFolder folder = RuntimeFolder.Create(_root.Path);

        Assert.Equal(0, RuntimeFolder.Reap(_root.Path));
        Assert.True(Directory.Exists(folder.Path));
    }

    [Fact]
    public void Folders_of_dead_owners_are_reaped_with_what_is_in_them()
    {
        string dead = Path.Combine(_root.Path, "0123456789ab");
        Directory.CreateDirectory(dead);
        File.WriteAllText(Path.Combine(dead, "lock"), "");
        File.WriteAllText(Path.Combine(dead, "vsock.sock"), "");

        Assert.Equal(1, RuntimeFolder.Reap(_root.Path));
        Assert.False(Directory.Exists(dead));
    }

    [Fact]
    public void What_is_no_machines_folder_is_left_alone()
    {
        string other = Path.Combine(_root.Path, "something");
        Directory.CreateDirectory(other);

        Assert.Equal(0, RuntimeFolder.Reap(_root.Path));
        Assert.True(Directory.Exists(other));
    }

    [Fact]
    public async Task Reapers_never_take_the_folder_of_one_who_is_creating_it()
    {
        using var stop = new CancellationTokenSource();
        Task reaper = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
                RuntimeFolder.Reap(_root.Path);
        });
        for (int i = 0; i < 5000; i++)
        {
            using RuntimeFolder folder = RuntimeFolder.Create(_root.Path);
            Assert.True(File.Exists(Path.Combine(folder.Path, "lock")));
        }
        await stop.CancelAsync();
        await reaper;
    }

    [Fact]
    public void A_link_in_its_place_is_refused()
    {
        string link = Path.Combine(_root.Path, "link");
        Directory.CreateSymbolicLink(link, _root.Path);

        PyroException error = Assert.Throws<PyroException>(() => RuntimeFolder.Create(link));

        Assert.Equal(ErrorCodes.FolderFailed, error.Code);
    }
}
