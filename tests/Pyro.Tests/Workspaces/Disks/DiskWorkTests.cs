using Pyro.Files;
using Pyro.Vmm.Disks;
using Pyro.Workspaces;
using Pyro.Workspaces.Disks;
using Pyro.Workspaces.Engine;

namespace Pyro.Tests.Workspaces.Disks;

/// <summary>The disk tools on a stopped workspace whose layers hold real file systems.</summary>
public sealed class DiskWorkTests : IDisposable
{
    private const string Id = "0123456789ab";

    private readonly TemporaryFolder _root = new();
    private readonly WorkspaceStore _store;
    private readonly WorkspaceFolder _folder;

    public DiskWorkTests()
    {
        _store = new WorkspaceStore(new PyroPaths(_root.Path, _root.Path, _root.Path));
        _folder = _store.FolderOf(Id);
        Directory.CreateDirectory(_folder.Layers);
    }

    private WorkspaceDiskWork Work => new(_store);

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task Base_and_layers_are_listed_read_and_exported_as_one()
    {
        using Ext4Image image = Make("mkdir -p workspace/d; echo old > workspace/a; head -c 3000000 /dev/urandom > workspace/large");
        Change(image, "0001", "rm workspace/large; echo new > workspace/a");
        Change(image, "0002", "seq 20000 > workspace/d/numbers; ln -s a workspace/link");

        WorkspaceFileList list = await Work.ListAsync(_folder, Workspace.Path, recursive: true, default);
        Assert.Equal(["/workspace/a", "/workspace/d", "/workspace/d/numbers", "/workspace/link"], list.Entries.Select(static e => e.Path));
        Assert.Equal("new\n", (await Work.ReadAsync(_folder, "link", 100, default)).Content);
        WorkspaceFileContent begin = await Work.ReadAsync(_folder, "/workspace/d/numbers", 4, default);
        Assert.Equal(("1\n2\n", true), (begin.Content, begin.Truncated));

        string output = Path.Combine(_root.Path, "out", "disk.ext4");
        WorkspaceDiskExport export = await Work.ExportAsync(_folder, output, overwrite: false, default);
        Assert.Equal((WorkspaceDiskExport.Clean, "ext4", new FileInfo(image.Path).Length), (export.FileSystem, export.DiskFormat, export.Size));
        Assert.True(File.ReadAllBytes(image.Path).AsSpan().SequenceEqual(File.ReadAllBytes(output)));
        image.Shell($"e2fsck -fn {output}");
        Assert.InRange(export.BytesWritten, 1, export.Size / 2);
        Assert.InRange(FileStatus.DiskUsageOf(output), 1, export.Size / 2);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(output));
        Assert.Single(Directory.GetFileSystemEntries(Path.Combine(_root.Path, "out")));
        Assert.Equal(output, Assert.Single(new History(_folder).Read()).Target);
    }

    [Fact]
    public async Task An_export_takes_no_place_but_a_files_that_it_is_told_to()
    {
        using Ext4Image image = Make("mkdir workspace");
        string taken = _root.File("taken", "mine"), folder = Path.Combine(_root.Path, "folder");
        Directory.CreateDirectory(folder);
        _root.File("folder/inside");

        Assert.Equal(ErrorCodes.Exists, await CodeOf(Work.ExportAsync(_folder, taken, overwrite: false, default)));
        Assert.Equal("mine", File.ReadAllText(taken));
        Assert.Equal(ErrorCodes.ExportRefused, await CodeOf(() => Work.ExportAsync(_folder, folder, overwrite: true, default)));
        Assert.True(File.Exists(Path.Combine(folder, "inside")));
        await Work.ExportAsync(_folder, taken, overwrite: true, default);
        image.Shell($"cmp {taken} {image.Path}");
    }

    [Fact]
    public async Task An_export_that_is_interrupted_or_fails_leaves_nothing()
    {
        using Ext4Image image = Make("mkdir workspace; head -c 20000000 /dev/urandom > workspace/large");
        string folder = Path.Combine(_root.Path, "out");
        using var stop = new CancellationTokenSource();
        Task<WorkspaceDiskExport> export = Work.ExportAsync(_folder, Path.Combine(folder, "disk"), overwrite: false, stop.Token);
        stop.Cancel();
        // It may have been quicker.
        if (await Record.ExceptionAsync(() => export) is Exception e)
        {
            Assert.IsType<OperationCanceledException>(e, exactMatch: false);
            Assert.Empty(Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder) : []);
        }

        using OverlayDisk disk = WorkspaceDisk.OpenStopped(_folder, ["0001"]);
        using var target = File.OpenHandle(_root.File("t"), FileMode.Open, FileAccess.ReadWrite);
        Assert.Throws<OperationCanceledException>(() => DiskCopy.Copy(disk, target, new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task A_running_workspace_a_wrong_path_and_what_is_no_text_are_refused()
    {
        using Ext4Image image = Make("mkdir -p workspace/d run; head -c 1000 /dev/urandom > workspace/blob; mkfifo workspace/pipe");
        Assert.Equal(ErrorCodes.NotText, await CodeOf(Work.ReadAsync(_folder, "blob", 1000, default)));
        Assert.Equal(ErrorCodes.IsDirectory, await CodeOf(Work.ReadAsync(_folder, "d", 1000, default)));
        Assert.Equal(ErrorCodes.NotRegular, await CodeOf(Work.ReadAsync(_folder, "pipe", 1000, default)));
        Assert.Equal(ErrorCodes.NotFound, await CodeOf(Work.ListAsync(_folder, "/none", false, default)));
        Assert.Equal(ErrorCodes.InvalidArgument, await CodeOf(() => Work.ReadAsync(_folder, "blob", 0, default)));
        Assert.Equal(ErrorCodes.InvalidArgument, await CodeOf(() => Work.ReadAsync(_folder, "blob", 1 << 30, default)));
        Assert.Equal(ErrorCodes.InvalidArgument, await CodeOf(() => Work.ListAsync(_folder, "/workspace/../etc", false, default)));
        Assert.Equal(ErrorCodes.PathOutsideWorkspace, await CodeOf(() => Work.ListAsync(_folder, "../etc", false, default)));

        using (AliveLock.Take(_folder.Alive))
        {
            Assert.Equal(ErrorCodes.WorkspaceRunning, await CodeOf(Work.ListAsync(_folder, "/", false, default)));
            Assert.Equal(ErrorCodes.WorkspaceRunning, await CodeOf(Work.ReadAsync(_folder, "blob", 1, default)));
            Assert.Equal(ErrorCodes.WorkspaceRunning, await CodeOf(Work.ExportAsync(_folder, Path.Combine(_root.Path, "o"), false, default)));
        }

        File.WriteAllBytes(_folder.LayerPath("0001"), new byte[10000]);
        Assert.Equal(ErrorCodes.WorkspaceDamaged, await CodeOf(Work.ListAsync(_folder, "/", false, default)));
    }

    [Fact]
    public async Task An_export_says_what_is_wrong_with_the_file_system_and_has_no_runtime_paths()
    {
        string output = Path.Combine(_root.Path, "o");
        using (Ext4Image killed = Make("mkdir workspace"))
        {
            killed.ChangeAndPullThePlug("echo x > workspace/x");
            Replace(killed);
            Assert.Equal(WorkspaceDiskExport.NeedsRecovery, (await Work.ExportAsync(_folder, output, true, default)).FileSystem);
            Assert.Equal("x\n", (await Work.ReadAsync(_folder, "x", 10, default)).Content);
            // What the message tells to do brings it in.
            killed.Shell($"e2fsck -p {output} || [ $? = 1 ]; e2fsck -fn {output}; debugfs -R 'cat /workspace/x' {output} 2>/dev/null | grep -q x");
        }

        using (Ext4Image planted = Make("mkdir -p run/pyro-secrets workspace"))
            Assert.Equal(ErrorCodes.ExportRefused, await CodeOf(Work.ExportAsync(_folder, output, true, default)));
        using Ext4Image gone = Make("mkdir workspace");
        gone.Shell("dd if=/dev/zero of=disk.img bs=4096 count=1 conv=notrunc status=none");
        Replace(gone);
        Assert.Equal(WorkspaceDiskExport.Unreadable, (await Work.ExportAsync(_folder, output, true, default)).FileSystem);
        Assert.Equal(ErrorCodes.WorkspaceDamaged, await CodeOf(Work.ListAsync(_folder, "/", false, default)));
    }

    private Ext4Image Make(string script)
    {
        var image = new Ext4Image(script);
        Replace(image);
        return image;
    }

    /// <summary>Makes an image the workspace's base, with an empty layer over it.</summary>
    private void Replace(Ext4Image image)
    {
        File.Copy(image.Path, _folder.Image, overwrite: true);
        File.Delete(_folder.LayerPath("0001"));
        Save("0001");
        WorkspaceDisk.Open(_folder, ["0001"], readOnly: false).Dispose();
    }

    /// <summary>Changes the image, and puts what differs into a layer that is frozen then; the next one is announced, and not there.</summary>
    private void Change(Ext4Image image, string layer, string script)
    {
        string[] layers = [.. Directory.GetFiles(_folder.Layers).Select(Path.GetFileName).Append(layer).Distinct().Order()!];
        image.Shell($"mkdir -p m; unshare -m sh -ec 'mount -o loop disk.img m; cd m; {script}\ncd ..; umount m'");
        using (OverlayDisk disk = WorkspaceDisk.Open(_folder, layers, readOnly: false))
        {
            byte[] wanted = File.ReadAllBytes(image.Path), was = new byte[4096];
            for (int at = 0; at < wanted.Length; at += was.Length)
            {
                disk.Read((ulong)at, was.AsSpan());
                ReadOnlySpan<byte> now = wanted.AsSpan(at, was.Length);
                if (now.SequenceEqual(was))
                    continue;
                if (now.ContainsAnyExcept((byte)0))
                    Write(disk, (ulong)at, now);
                else
                    disk.WriteZeroes((ulong)at, (ulong)was.Length, mayUnmap: true);
            }

            disk.Flush();
        }

        WorkspaceDisk.Freeze(_folder, layers);
        Save([.. layers, "0009"]);
    }

    private static unsafe void Write(OverlayDisk disk, ulong offset, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* from = bytes)
            disk.Write(offset, [new Pyro.Vmm.Memory.IoVector((nint)from, (nuint)bytes.Length)]);
    }

    private void Save(params string[] layers) => _folder.Save(new WorkspaceRecord
    {
        WorkspaceId = Id,
        Environment = "debian:12",
        EnvironmentDigest = "sparse-sha256:0",
        VcpuCount = 1,
        MemMib = 1024,
        WorkspaceSeed = new WorkspaceSeed("empty"),
        MachineId = "0123456789abcdef0123456789abcdef",
        CreatedAt = DateTimeOffset.UnixEpoch,
        Layers = layers,
    });

    private static async Task<string> CodeOf(Func<Task> work) => (await Assert.ThrowsAsync<PyroException>(work)).Code;

    private static Task<string> CodeOf(Task work) => CodeOf(() => work);
}
