using System.Text;
using Pyro.Protocol;
using Pyro.Trees.Tar;

namespace Pyro.Trees.Tests;

public sealed class TarTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_tree_comes_out_as_it_went_in(int seed)
    {
        using var fixture = new TreeFixture();
        TreeFixture.Fill(fixture.Source, new Random(seed), 300);

        Extract(fixture, new MemoryArchive(writePiece: 500 + seed, readPiece: 333 * seed) { Bytes = Send(fixture) });

        Assert.Equal(TreeFixture.Describe(fixture.Source), TreeFixture.Describe(fixture.Target));
    }

    [Theory]
    [InlineData("gnu")]
    [InlineData("pax")]
    [InlineData("posix")]
    public void What_tar_writes_is_read(string format)
    {
        using var fixture = new TreeFixture();
        TreeFixture.Fill(fixture.Source, new Random(11), 200);
        string archive = Path.Combine(fixture.Root, "a.tar");
        TreeFixture.Run("tar", "c", "--format=" + format, "-f", archive, "-C", fixture.Source, ".");

        Extract(fixture, new MemoryArchive { Bytes = File.ReadAllBytes(archive) });

        // GNU's own format has no parts of seconds.
        Func<string, string> show = format == "gnu" ? WithoutTimes : TreeFixture.Describe;
        Assert.Equal(show(fixture.Source), show(fixture.Target));
    }

    [Fact]
    public void What_is_written_tar_reads()
    {
        using var fixture = new TreeFixture();
        TreeFixture.Fill(fixture.Source, new Random(12), 200);
        string archive = Path.Combine(fixture.Root, "a.tar");
        File.WriteAllBytes(archive, Send(fixture));

        TreeFixture.Run("tar", "x", "-p", "-f", archive, "-C", fixture.Target);

        Assert.Equal(WithoutTimes(fixture.Source), WithoutTimes(fixture.Target));
    }

    [Theory]
    [InlineData("gnu", "1.0")]
    [InlineData("pax", "0.0")]
    [InlineData("pax", "0.1")]
    [InlineData("pax", "1.0")]
    public void Sparse_files_of_every_format_are_read(string format, string version)
    {
        using var fixture = new TreeFixture();
        using (FileStream file = File.Create(Path.Combine(fixture.Source, "sparse")))
        {
            for (int i = 0; i < 40; i++)
            {
                file.Position = (i * 1_000_000L) + (i * 4096);
                file.Write(Encoding.ASCII.GetBytes($"part {i}"));
            }

            file.SetLength(60_000_000);
        }

        string archive = Path.Combine(fixture.Root, "a.tar");
        TreeFixture.Run("tar", "c", "-S", "--format=" + format, "--sparse-version=" + version, "-f", archive, "-C", fixture.Source, "sparse");
        Assert.InRange(new FileInfo(archive).Length, 1, 5_000_000);

        Extract(fixture, new MemoryArchive(readPiece: 4000) { Bytes = File.ReadAllBytes(archive) });

        Assert.Equal(WithoutTimes(fixture.Source), WithoutTimes(fixture.Target));
    }

    [Theory]
    [InlineData("/tmp/evil", "0", "")]
    [InlineData("../evil", "0", "")]
    [InlineData("a/../../evil", "0", "")]
    [InlineData("device", "3", "")]
    [InlineData("block", "4", "")]
    [InlineData("pipe", "6", "")]
    [InlineData("out", "2", "../x")]
    [InlineData("a/out", "2", "../../x")]
    [InlineData("out", "2", "/etc")]
    [InlineData("hard", "1", "../../etc/passwd")]
    [InlineData("hard", "1", "/etc/passwd")]
    [InlineData("hard", "1", "missing")]
    public void What_would_leave_the_tree_is_refused_by_its_name(string name, string kind, string link)
    {
        using var fixture = new TreeFixture();

        TreeException refused = Assert.Throws<TreeException>(() => Extract(fixture, Archive((name, kind, link))));

        Assert.Equal(ToolFailure.EntryRefused, refused.Code);
        Assert.Equal(name, refused.Path);
        Assert.Equal(["target"], Directory.EnumerateFileSystemEntries(fixture.Root).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Nothing_is_made_through_a_link_of_the_archive()
    {
        using var fixture = new TreeFixture();
        _ = fixture.Source;
        MemoryArchive archive = Archive(("link", "2", "../source"), ("link/evil", "0", ""));

        TreeException refused = Assert.Throws<TreeException>(() => Extract(fixture, archive, outsideLinks: true));

        Assert.Equal(ToolFailure.EntryRefused, refused.Code);
        Assert.Empty(Directory.EnumerateFileSystemEntries(fixture.Source));
    }

    [Fact]
    public void A_damaged_archive_is_refused_and_writes_nothing_outside()
    {
        using var fixture = new TreeFixture();
        TreeFixture.Fill(fixture.Source, new Random(5), 30);
        byte[] whole = Send(fixture);
        string before = TreeFixture.Describe(fixture.Source);
        var random = new Random(6);
        int refused = 0;
        for (int i = 0; i < 400; i++)
        {
            byte[] bytes = [.. whole];
            for (int change = random.Next(1, 4); change > 0; change--)
                bytes[random.Next(bytes.Length / 512 * 512)] = (byte)random.Next(256);
            if (i % 2 == 0)
                bytes = bytes[..random.Next(bytes.Length - 1024)];
            try
            {
                Extract(fixture, new MemoryArchive { Bytes = bytes });
            }
            catch (TreeException e)
            {
                refused++;
                Assert.NotEqual(ToolFailure.SystemError, e.Code);
            }

            TreeFixture.Run("chmod", "-R", "u+rwx", fixture.Target);
            Directory.Delete(fixture.Target, recursive: true);
        }

        Assert.InRange(refused, 200, 400);
        Assert.Equal(before, TreeFixture.Describe(fixture.Source));
        Assert.Equal(["source"], Directory.EnumerateFileSystemEntries(fixture.Root).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("a", "b", false)]
    [InlineData("a", "../b", true)]
    [InlineData("d/a", "../b", false)]
    [InlineData("d/a", "../../b", true)]
    [InlineData("d/a", "x/../../../b", true)]
    [InlineData("a", "/b", true)]
    [InlineData("a", "", true)]
    [InlineData("a", "./b/.", false)]
    public void A_links_words_tell_whether_it_leaves(string link, string target, bool leaves)
        => Assert.Equal(leaves, TreePath.Leaves(Encoding.UTF8.GetBytes(link), Encoding.UTF8.GetBytes(target)));

    private static byte[] Send(TreeFixture fixture)
    {
        var output = new MemoryArchive();
        var archive = new TarWriter(output);
        new TreeSender(archive, strict: true).SendContents(TreeFixture.Open(fixture.Source), default);
        archive.Complete();
        return output.Bytes;
    }

    private static void Extract(TreeFixture fixture, MemoryArchive archive, bool outsideLinks = false)
    {
        int target = TreeFixture.Open(fixture.Target);
        using (var extractor = new TreeExtractor(target, new ExtractionRules { RefuseOutsideLinks = !outsideLinks }))
            extractor.Extract(new TarReader(archive));
        TreeCalls.Close(ref target);
    }

    // Entries that no writer of ours makes: ustar headers by hand.
    private static MemoryArchive Archive(params (string Name, string Kind, string Link)[] entries)
    {
        var bytes = new MemoryStream();
        foreach ((string name, string kind, string link) in entries)
        {
            var header = new byte[512];
            void Put(int at, string text) => Encoding.ASCII.GetBytes(text).CopyTo(header, at);
            Put(0, name);
            Put(100, "0000644\0");
            Put(124, "00000000000\0");
            Put(136, "00000000000\0");
            Put(148, "        ");
            Put(156, kind);
            Put(157, link);
            Put(257, "ustar\000");
            Put(148, Convert.ToString(header.Sum(b => b), 8).PadLeft(6, '0') + "\0 ");
            bytes.Write(header);
        }

        bytes.Write(new byte[1024]);
        return new MemoryArchive { Bytes = bytes.ToArray() };
    }

    private static string WithoutTimes(string root)
        => string.Join('\n', TreeFixture.Describe(root).Split('\n').Select(line => line[..Math.Max(line.LastIndexOf(' '), 0)]));
}
