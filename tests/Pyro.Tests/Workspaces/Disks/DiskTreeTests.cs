using System.Buffers.Binary;
using System.Text;
using Pyro.Protocol;
using Pyro.Trees;
using Pyro.Trees.Ext4;
using Pyro.Workspaces;

namespace Pyro.Tests.Workspaces.Disks;

public sealed class DiskTreeTests
{
    private const string EveryKind = """
        mkdir -p a/b/c empty run etc; echo text > a/file; chmod 640 a/file; head -c 300000 /dev/urandom > a/b/random; : > a/nothing
        ln -s file a/short; ln -s $(printf 'l%.0s' $(seq 200)) a/long; ln -s ../../b a/b/c/up; ln -s /a abs; mkfifo a/pipe
        truncate -s 20M a/sparse; printf end >> a/sparse; printf middle | dd of=a/sparse bs=1 seek=9000000 conv=notrunc status=none
        printf x > "a/name with space"; printf y > $(printf 'n%.0s' $(seq 255)); touch -d 2040-05-06 a/future; touch -d 1960-01-01 a/past; chmod 700 empty
        """;

    [Theory]
    [InlineData("")]
    [InlineData("-O ^metadata_csum,^64bit")]
    [InlineData("-I 128 -O ^has_journal")]
    public void Listings_and_contents_are_those_that_debugfs_tells(string options)
    {
        using var image = new Ext4Image(EveryKind, options);
        image.Shell("mkdir out; debugfs -R 'rdump / out' disk.img 2>&1");

        string[] expected = image.TellTree("out");
        string[] told = image.Tell();

        // debugfs makes no pipes, and sets no times of links.
        Assert.Equal(
            expected.Select(WithoutTime).Order(StringComparer.Ordinal),
            told.Select(WithoutTime).Where(l => !l.Contains("/pipe ", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Contains(told, l => l.StartsWith("/a/pipe Special 0644", StringComparison.Ordinal));
        foreach (string file in (string[])["/a/file", "/a/b/random", "/a/nothing", "/a/sparse", "/a/name with space"])
            Assert.True(File.ReadAllBytes(image.In("out" + file)).AsSpan().SequenceEqual(image.Read(file)), file);
        image.Shell("debugfs -w -R 'sif /a/past mode 0104711' disk.img 2>&1");
        Assert.Contains(image.Tell(), l => l.StartsWith("/a/past File 4711 0 ", StringComparison.Ordinal));
        // mke2fs drops what is beyond 2038, and a record of 128 bytes has no room for it.
        if (!options.Contains("128", StringComparison.Ordinal))
        {
            image.Shell("debugfs -w -R 'sif /a/future mtime_extra 1' disk.img 2>&1");
            Assert.Contains(image.Tell(), l => l.StartsWith("/a/future ", StringComparison.Ordinal) && l.EndsWith($" {image.Shell("stat -c %Y tree/a/future").Trim()}", StringComparison.Ordinal));
        }

        Assert.Contains(told, l => l.StartsWith("/a/past ", StringComparison.Ordinal) && l.EndsWith($" {image.Shell("stat -c %Y tree/a/past").Trim()}", StringComparison.Ordinal));
    }

    [Fact]
    public void A_hashed_directory_of_thousands_is_listed_in_order_and_cut_where_it_is_asked_to()
    {
        using var image = new Ext4Image("mkdir many; cd many; seq -f 'a-rather-long-name-of-a-file-%06g' 20000 | xargs touch; cd ..", "-N 30000");
        image.Shell("e2fsck -fyD disk.img > /dev/null || [ $? = 1 ]; debugfs -R 'htree_dump /many' disk.img 2>/dev/null | grep -q 'Root node'");
        image.Use((tree, _) =>
        {
            List<WorkspaceFileEntry> all = tree.List("/many", recursive: false, 100_000, out bool truncated);
            Assert.Equal(Enumerable.Range(1, 20000).Select(i => $"/many/a-rather-long-name-of-a-file-{i:d6}"), all.Select(e => e.Path));
            Assert.False(truncated);
            List<WorkspaceFileEntry> first = tree.List("/", recursive: true, 100, out truncated);
            Assert.Equal(["/lost+found", "/many", .. all.Take(98).Select(e => e.Path)], first.Select(e => e.Path));
            Assert.True(truncated);
            return tree.Find("/many/a-rather-long-name-of-a-file-019999");
        });
    }

    [Fact]
    public void Paths_follow_links_inside_the_disk_and_fail_by_name()
    {
        using var image = new Ext4Image(EveryKind + "\nln -s loop2 loop1; ln -s loop1 loop2; ln -s a/b/c/up/../file far; ln -s ../../../../a/file above");
        foreach (string path in (string[])["/a/file", "/a/short", "/abs/short", "/abs/b/../file", "//a/./file", "/far", "/above", "/a/b/c/up/../file"])
            Assert.Equal("text\n", Encoding.UTF8.GetString(image.Read(path)));
        Assert.Equal(["/abs/b/c", "/abs/b/random"], image.Use((tree, _) => tree.List("/abs/b", false, 10, out bool _)).Select(e => e.Path));
        Assert.Equal(["/a/file"], image.Use((tree, _) => tree.List("/a/file", true, 10, out bool _)).Select(e => e.Path));
        Assert.Equal(ToolFailure.NotFound, Failure(image, "/a/none"));
        Assert.Equal(ToolFailure.NotFound, Failure(image, "/a/long"));
        Assert.Equal(ToolFailure.NotFound, Failure(image, "/loop1"));
        Assert.Equal(ToolFailure.NotDirectory, Failure(image, "/a/file/x"));
    }

    [Fact]
    public void What_belongs_to_a_running_machine_is_not_there()
    {
        using var image = new Ext4Image("mkdir -p run/pyro-secrets run/other pyro-x; echo s > run/pyro-secrets/KEY; echo s > run/pyro-token; ln -s run/pyro-secrets way; ln -s run r");
        Assert.Equal(["/lost+found", "/pyro-x", "/r", "/run", "/run/other", "/way"], image.Use((tree, _) => tree.List("/", true, 100, out bool _)).Select(e => e.Path));
        Assert.Equal(["/r/other"], image.Use((tree, _) => tree.List("/r", true, 100, out bool _)).Select(e => e.Path));
        foreach (string path in (string[])["/run/pyro-secrets", "/run/pyro-token", "/way", "/way/KEY", "/r/pyro-token", "/pyro-x/../run/pyro-token"])
            Assert.Equal(ToolFailure.NotFound, Failure(image, path));
        Assert.True(image.Use((tree, _) => tree.HasRuntimePaths));
        using var ordinary = new Ext4Image("mkdir run pyro-x");
        Assert.False(ordinary.Use((tree, _) => tree.HasRuntimePaths));
    }

    [Fact]
    public void After_a_kill_the_disk_is_told_as_a_mount_would_show_it()
    {
        using var image = new Ext4Image("mkdir -p d/e; for i in 1 2 3 4 5 6 7 8; do echo $i > d/f$i; done");
        image.ChangeAndPullThePlug("for i in 1 2 3; do echo new >> d/f$i; done; rm d/f4; mkdir d/g; seq 50000 > d/g/numbers; mv d/e d/moved; ln -s moved d/link; rm -r d/f5; seq 1000 | xargs -I% touch d/g/%");
        Assert.True(image.Use((_, volume) => volume.NeedsRecovery));
        string[] told = image.Tell("/d");
        byte[] numbers = image.Read("/d/g/numbers");

        image.Shell("mkdir seen; unshare -m sh -ec 'mount -o loop disk.img m; cp -a m/d seen/; umount m'");
        Assert.False(image.Use((_, volume) => volume.NeedsRecovery));
        Assert.Equal(image.TellTree("seen").Where(l => !l.StartsWith("/d Directory", StringComparison.Ordinal)).Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
        Assert.True(File.ReadAllBytes(image.In("seen/d/g/numbers")).AsSpan().SequenceEqual(numbers));
    }

    [Fact]
    public void Deep_trees_and_huge_sizes_end_at_limits()
    {
        using var image = new Ext4Image("echo short > file; mkdir dir; touch dir/x");
        image.Shell("""
            for i in $(seq 60); do n=$(printf "d$i-%.0s" $(seq 30)); echo "mkdir $n"; echo "cd $n"; done > deep
            debugfs -w -f deep disk.img 2>&1; debugfs -w -R 'sif /file size 0x7fffffffffff' disk.img 2>&1
            """);
        List<WorkspaceFileEntry> all = image.Use((tree, _) => tree.List("/", true, 1000, out bool truncated) is var found && truncated ? found : []);
        Assert.InRange(all.Count, 20, 60);
        Assert.All(all, e => Assert.InRange(e.Path.Length, 1, 4096));
        Assert.StartsWith("short\n\0\0", Encoding.UTF8.GetString(image.Read("/file", 100_000)), StringComparison.Ordinal);
        image.Shell("debugfs -w -R 'sif /dir size 0x10000000000' disk.img 2>&1");
        Assert.Equal(ToolFailure.TooLarge, Assert.Throws<TreeException>(() => image.Use((tree, _) => tree.List("/dir", false, 10, out bool _))).Code);
    }

    [Fact]
    public void A_directory_in_two_places_and_names_that_are_none_are_damage()
    {
        using var image = new Ext4Image("mkdir -p top/self/inner; touch top/EVIL-NAME");
        image.Shell("debugfs -w -R 'link /top /top/self/loop' disk.img 2>&1");
        Ext4Exception loop = Assert.Throws<Ext4Exception>(() => image.Use((tree, _) => tree.List("/top", true, 100_000, out bool _)));
        Assert.Contains("two places", loop.Message, StringComparison.Ordinal);

        byte[] good = File.ReadAllBytes(image.Path);
        foreach (string bad in (string[])["EVIL/NAME", "EVIL\0NAME"])
        {
            byte[] bytes = [.. good];
            Encoding.ASCII.GetBytes(bad).CopyTo(bytes.AsSpan(bytes.AsSpan().IndexOf("EVIL-NAME"u8)));
            File.WriteAllBytes(image.Path, bytes);
            Assert.Throws<Ext4Exception>(() => image.Use((tree, _) => tree.List("/top", false, 100, out bool _)));
        }
    }

    [Fact]
    public void A_journal_that_has_its_own_blocks_ends()
    {
        using var image = new Ext4Image("mkdir d; touch d/f; head -c 65536 /dev/urandom > log");
        // A file that has the begin of the log as its content.
        image.Shell("debugfs -w -R \"sif /log block[5] $(debugfs -R 'bmap <8> 2' disk.img 2>/dev/null)\" disk.img 2>&1");
        image.ChangeAndPullThePlug("for i in 1 2 3 4 5 6 7 8 9; do echo $i > d/f$i; done");
        byte[] disk = File.ReadAllBytes(image.Path);
        int copy = 0;
        for (int i = 1; i < 15 && copy == 0; i++)
        {
            int at = int.Parse(image.Shell($"debugfs -R 'bmap <8> {i}' disk.img 2>/dev/null"), System.Globalization.CultureInfo.InvariantCulture);
            Span<byte> block = disk.AsSpan(at * 4096);
            // A descriptor: the next block of the log belongs where its first tag says, from now on to itself.
            if (BinaryPrimitives.ReadUInt32BigEndian(block) != 0xc03b3998 || BinaryPrimitives.ReadUInt32BigEndian(block[4..]) != 1)
                continue;
            copy = at + 1;
            BinaryPrimitives.WriteUInt32BigEndian(block[12..], (uint)copy);
        }

        Assert.NotEqual(0, copy);
        File.WriteAllBytes(image.Path, disk);
        Assert.True(image.Read("/log").AsSpan().IndexOf(disk.AsSpan(copy * 4096, 4096)) >= 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Damaged_images_end_in_an_error_or_in_less(bool journalInUse)
    {
        using var image = new Ext4Image(EveryKind + "\nmkdir many; cd many; seq 3000 | xargs touch; cd ..", size: "32M");
        image.Shell("e2fsck -fyD disk.img > /dev/null || [ $? = 1 ]");
        if (journalInUse)
            image.ChangeAndPullThePlug("seq 500 | xargs -I% touch many/new%; rm many/1*; seq 1000 > a/file; rm -r a/b");
        byte[] good = File.ReadAllBytes(image.Path);
        int[] used = [.. Enumerable.Range(0, good.Length / 4096).Where(block => good.AsSpan(block * 4096, 4096).ContainsAnyExcept((byte)0))];
        int failed = 0;
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            byte[] bad = [.. good];
            // Now and then mostly what the rest depends on: the superblock, descriptors, the first inodes.
            int[] blocks = seed % 3 == 0 ? used[..Math.Min(used.Length, 40)] : used;
            for (int i = 0; i < 1 << random.Next(12); i++)
                bad[(blocks[random.Next(blocks.Length)] * 4096) + random.Next(4096)] = (byte)random.Next(256);
            File.WriteAllBytes(image.Path, bad);
            if (!Survives(() => image.Use((tree, volume) =>
                {
                    List<WorkspaceFileEntry> entries = tree.List("/", true, 10_000, out _);
                    Assert.InRange(entries.Count, 0, 10_000);
                    foreach (WorkspaceFileEntry entry in entries.Where(e => e.Type == EntryKind.File).Take(20))
                        volume.Read(tree.Find(entry.Path), 0, new byte[100_000]);
                    return tree.HasRuntimePaths;
                })))
                failed++;
        }

        Assert.InRange(failed, 3, 97);
    }

    private static bool Survives(Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (Exception e) when (e is Ext4Exception or TreeException)
        {
            return false;
        }
    }

    private static string WithoutTime(string line) => line[..line.LastIndexOf(' ')];

    private static string Failure(Ext4Image image, string path) => Assert.Throws<TreeException>(() => image.Use((tree, _) => tree.Find(path))).Code;
}
