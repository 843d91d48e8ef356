using Pyro.Workspaces.Engine;

namespace Pyro.Tests.Workspaces;

public sealed class WorkspaceDiskTests : IDisposable
{
    private readonly TemporaryFolder _root = new();
    private readonly WorkspaceFolder _folder;

    public WorkspaceDiskTests()
    {
        _folder = new WorkspaceFolder(_root.Path, "id");
        Directory.CreateDirectory(_folder.Layers);
        using FileStream image = File.Create(_folder.Image);
        image.SetLength(1 << 20);
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Layers_get_names_that_none_has()
    {
        Assert.Equal("0001", WorkspaceDisk.NextLayer(_folder));
        File.WriteAllText(_folder.LayerPath("0007"), "");
        File.WriteAllText(_folder.LayerPath("other"), "");
        Assert.Equal("0008", WorkspaceDisk.NextLayer(_folder));
    }

    [Fact]
    public void A_layer_that_the_machine_did_not_get_to_is_not_the_disks()
    {
        WorkspaceDisk.Open(_folder, ["0001"], readOnly: false).Dispose();
        // Announced, perhaps made, and the machine still in the first.
        Assert.Equal(["0001"], WorkspaceDisk.Settle(_folder, ["0001", "0002"]));
        File.WriteAllText(_folder.LayerPath("0002"), "");
        Assert.Equal(["0001"], WorkspaceDisk.Settle(_folder, ["0001", "0002"]));

        WorkspaceDisk.Freeze(_folder, ["0001"]);
        Assert.Equal(["0001", "0002"], WorkspaceDisk.Settle(_folder, ["0001", "0002"]));
        WorkspaceDisk.Freeze(_folder, ["0001", "0002"]);
        Assert.Equal(["0001", "0002", "0003"], WorkspaceDisk.Settle(_folder, ["0001", "0002", "0003"]));
    }

    [Fact]
    public void A_record_is_read_without_a_layer_that_was_only_announced_whether_the_machine_runs_or_not()
    {
        WorkspaceDisk.Open(_folder, ["0001"], readOnly: false).Dispose();
        File.WriteAllText(_folder.LayerPath("0002"), "");
        foreach (bool runs in (bool[])[false, true])
        {
            _folder.Save(new WorkspaceRecord
            {
                WorkspaceId = "id",
                Environment = "debian:12",
                EnvironmentDigest = "",
                VcpuCount = 1,
                MemMib = 1024,
                WorkspaceSeed = new Pyro.Workspaces.WorkspaceSeed("empty"),
                MachineId = "",
                CreatedAt = DateTimeOffset.UnixEpoch,
                Layers = ["0001", "0002"],
            });
            using var alive = runs ? AliveLock.Take(_folder.Alive) : null;
            Assert.Equal(["0001"], WorkspaceDisk.LoadSettled(_folder).Layers);
            Assert.Equal(["0001"], _folder.Load().Layers);
        }
    }

    [Fact]
    public void A_missing_or_damaged_layer_is_named()
    {
        Assert.Equal(ErrorCodes.WorkspaceDamaged, Assert.Throws<PyroException>(() => WorkspaceDisk.Settle(_folder, ["0001", "0002"])).Code);
        File.WriteAllText(_folder.LayerPath("0001"), "no overlay");
        PyroException error = Assert.Throws<PyroException>(() => WorkspaceDisk.Settle(_folder, ["0001", "0002"]));
        Assert.Contains("0001", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sparse_copy_has_the_same_bytes_and_the_same_holes()
    {
        string from = Path.Combine(_root.Path, "from"), to = Path.Combine(_root.Path, "to");
        using (FileStream file = File.Create(from))
        {
            file.SetLength(64 << 20);
            foreach (int at in (int[])[5, 3 << 20, (64 << 20) - 3])
            {
                file.Position = at;
                file.Write("abc"u8);
            }
        }

        using (var handle = File.OpenHandle(from))
            SparseCopy.Copy(handle, to);
        Assert.True(File.ReadAllBytes(from).AsSpan().SequenceEqual(File.ReadAllBytes(to)));
        Assert.True(Pyro.Files.FileStatus.DiskUsageOf(to) < 1 << 20);
    }
}
