using System.Diagnostics;
using Pyro.Trees.Ext4;
using Pyro.Workspaces.Disks;

namespace Pyro.Tests.Workspaces.Disks;

/// <summary>A real ext4 image, made by mke2fs from a tree that a script fills.</summary>
internal sealed class Ext4Image : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal Ext4Image(string script, string options = "", string size = "48M") =>
        Shell($"umask 022; mkdir tree; cd tree; {script}\ncd ..; mke2fs -q -F -t ext4 -b 4096 -J size=4 {options} -d tree disk.img {size}");

    internal string Path => _folder.Path + "/disk.img";

    internal string In(string name) => _folder.Path + "/" + name;

    /// <summary>Works on the files of the image.</summary>
    internal T Use<T>(Func<DiskTree, Ext4Volume, T> work)
    {
        using var volume = new Ext4Volume(Path, mounted: false);
        return work(new DiskTree(volume, CancellationToken.None), volume);
    }

    /// <summary>Everything below a folder, a line each: path, kind, mode, size of files, target of links, time.</summary>
    internal string[] Tell(string path = "/") => Use((tree, _) =>
    {
        var entries = tree.List(path, recursive: true, 100_000, out bool truncated);
        Assert.False(truncated);
        return entries.ConvertAll(static e =>
            $"{e.Path} {e.Type} {e.Mode} {(e.Type == Pyro.Workspaces.EntryKind.File ? e.Size : 0)} {e.LinkTarget} {e.ModifiedAt.ToUnixTimeSeconds()}").ToArray();
    });

    /// <summary>The same of a folder that debugfs or a mount made of it.</summary>
    internal string[] TellTree(string folder) => Shell($$"""
        cd {{folder}}; find . -mindepth 1 \( -type f -printf '/%P File %04m %s  %T@\n' -o -type d -printf '/%P Directory %04m 0  %T@\n' \
            -o -type l -printf '/%P Symlink 0777 0 %l %T@\n' -o -printf '/%P Special %04m 0  %T@\n' \) | sed 's/\.[0-9]*$//'
        """).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    internal byte[] Read(string path, int maxBytes = 1 << 25) => Use((tree, volume) =>
    {
        Ext4Inode file = tree.Find(path);
        var bytes = new byte[(int)Math.Min(file.Size, (ulong)maxBytes)];
        volume.Read(file, 0, bytes);
        return bytes;
    });

    /// <summary>Changes the image while it is mounted, and keeps what was on the disk in that moment: its journal is not written back.</summary>
    internal void ChangeAndPullThePlug(string script) => Shell(
        $"mkdir -p m; mv disk.img live.img; device=$(losetup -f --show live.img); trap 'losetup -d $device' EXIT\n"
        + $"unshare -m sh -ec 'mount $0 m; cd m; umask 022; {script}\nsync -f .; cd ..; sync $0; cp --sparse=always live.img disk.img; umount m' $device; dumpe2fs -h disk.img 2>&1 | grep -q needs_recovery");

    internal string Shell(string script)
    {
        var start = new ProcessStartInfo("sh", ["-ec", script]) { WorkingDirectory = _folder.Path, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{process.ExitCode}: {output}{errors.Result}\n{script}");
        return output;
    }

    public void Dispose() => _folder.Dispose();
}
