using Pyro.Workspaces;
using Pyro.Workspaces.Engine;

namespace Pyro.Tests.Workspaces;

public sealed class WorkspaceFolderTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void A_record_reads_back_as_it_was_written()
    {
        WorkspaceFolder folder = NewFolder("0123456789ab");
        WorkspaceRecord record = NewRecord("0123456789ab") with
        {
            Name = "work",
            Labels = new SortedDictionary<string, string> { ["b"] = "2", ["a"] = "1" },
            ExpiresAt = DateTimeOffset.UnixEpoch.AddDays(1),
            Layers = ["0001", "0002"],
        };
        folder.Save(record);
        WorkspaceRecord read = folder.Load();
        Assert.Equal(record.Labels, read.Labels);
        Assert.Equal(record.Layers, read.Layers);
        Assert.Equal(record with { Labels = read.Labels, Layers = read.Layers }, read);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder.Path, "workspace.json")));
    }

    [Fact]
    public void What_a_crash_left_of_a_record_being_written_does_no_harm()
    {
        WorkspaceFolder folder = NewFolder("0123456789ab");
        folder.Save(NewRecord("0123456789ab"));
        File.WriteAllText(Path.Combine(folder.Path, "workspace.json.new"), "{ half");
        Assert.Null(folder.Load().Name);
        folder.Save(NewRecord("0123456789ab") with { Name = "again" });
        Assert.Equal("again", folder.Load().Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"schema_version\": 1}")]
    public void A_damaged_record_is_refused_by_name(string text)
    {
        WorkspaceFolder folder = NewFolder("0123456789ab");
        File.WriteAllText(Path.Combine(folder.Path, "workspace.json"), text);
        PyroException error = Assert.Throws<PyroException>(folder.Load);
        Assert.Equal(ErrorCodes.WorkspaceDamaged, error.Code);
        Assert.Contains("workspace.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_schema_version_is_refused_by_its_number()
    {
        WorkspaceFolder folder = NewFolder("0123456789ab");
        folder.Save(NewRecord("0123456789ab") with { SchemaVersion = 7 });
        Assert.Contains("schema version 7", Assert.Throws<PyroException>(folder.Load).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_workspace_is_found_by_id_by_a_unique_beginning_of_it_and_by_its_name()
    {
        var store = new WorkspaceStore(new PyroPaths(_root.Path, _root.Path, _root.Path));
        foreach ((string id, string? name) in ((string, string?)[])[("aaaa00000001", "first"), ("aaaa00000002", null), ("bbbb00000003", "aaaa")])
            NewFolder(id).Save(NewRecord(id) with { Name = name });
        Assert.Equal("aaaa00000002", store.Find("aaaa00000002").Id);
        Assert.Equal("aaaa00000001", store.Find("first").Id);
        Assert.Equal("bbbb00000003", store.Find("b").Id);
        Assert.Equal("bbbb00000003", store.Find("aaaa").Id); // a name is meant before the beginning of an id
        Assert.Contains("2 workspaces", Assert.Throws<PyroException>(() => store.Find("aaaa0")).Message, StringComparison.Ordinal);
        foreach (string none in (string[])["", "c", "../aaaa00000001", "."])
            Assert.Equal(ErrorCodes.WorkspaceNotFound, Assert.Throws<PyroException>(() => store.Find(none)).Code);
        store.RequireFreeName("second");
        store.RequireFreeName("first", exceptId: "aaaa00000001");
        Assert.Equal(ErrorCodes.WorkspaceExists, Assert.Throws<PyroException>(() => store.RequireFreeName("first")).Code);
    }

    [Fact]
    public void A_workspace_without_a_readable_record_is_listed_as_damaged()
    {
        var store = new WorkspaceStore(new PyroPaths(_root.Path, _root.Path, _root.Path));
        NewFolder("aaaa00000001").Save(NewRecord("aaaa00000001"));
        NewFolder("aaaa00000002");
        Assert.Equal([WorkspaceState.Damaged, WorkspaceState.Stopped], store.List().Select(static w => w.State).Order().Reverse());
    }

    [Fact]
    public void A_lock_that_a_machine_has_is_seen_by_all_and_gone_with_its_last_descriptor()
    {
        WorkspaceFolder folder = NewFolder("0123456789ab");
        Assert.False(AliveLock.IsHeld(folder.Alive));
        using (AliveLock.Take(folder.Alive))
        {
            Assert.True(AliveLock.IsHeld(folder.Alive));
            Assert.True(AliveLock.IsHeld(folder.Alive));
        }

        Assert.False(AliveLock.IsHeld(folder.Alive));
    }

    private WorkspaceFolder NewFolder(string id)
    {
        string path = Path.Combine(_root.Path, "workspaces", id);
        Directory.CreateDirectory(path);
        return new WorkspaceFolder(path, id);
    }

    private static WorkspaceRecord NewRecord(string id) => new()
    {
        WorkspaceId = id,
        Environment = "debian:12",
        EnvironmentDigest = "sparse-sha256:0",
        VcpuCount = 1,
        MemMib = 1024,
        WorkspaceSeed = new WorkspaceSeed("empty"),
        MachineId = "0123456789abcdef0123456789abcdef",
        CreatedAt = DateTimeOffset.UnixEpoch,
        Layers = ["0001"],
    };
}
