using System.Diagnostics;
using System.Text;
using Pyro.Protocol;

namespace Pyro.Agent.Tests;

/// <summary>
/// The tool that tells what differs from an older state of the same file system, over real ext4 images that are mounted in
/// a mount namespace of each test's own. That takes root. What it finds by the inode tables is compared with what it finds
/// by walking both trees.
/// </summary>
public sealed class ChangesTests
{
    [Fact]
    public void Changes_of_every_kind_are_told_without_a_full_walk()
    {
        using var disk = new TestDisk("""
            mkdir -p workspace/keep workspace/dir/sub workspace/empty
            echo one > workspace/a; echo two > workspace/b; echo three > workspace/dir/sub/c; echo four > workspace/dir/d
            echo same > workspace/touched; echo gone > workspace/gone; ln -s a workspace/link; echo other > outside
            """);

        List<Change> changes = disk.Changes("""
            echo One > workspace/a; chmod 700 workspace/b; touch workspace/touched; rm workspace/gone
            mv workspace/dir workspace/moved; ln -snf b workspace/link; rmdir workspace/empty; echo no > outside
            echo new > workspace/keep/new; mkfifo workspace/pipe
            """);

        Assert.Equal(
            [
                "a: File 644 \"one\n\" -> File 644 \"One\n\"",
                "b: File 644 \"two\n\" -> File 700 \"two\n\"",
                "dir -> nothing",
                "dir/sub -> nothing",
                "empty -> nothing",
                "gone: File 644 \"gone\n\" -> nothing",
                "keep/new: nothing -> File 644 \"new\n\"",
                "link: Link 777 \"a\" -> Link 777 \"b\"",
                "moved/d from dir/d",
                "moved/sub/c from dir/sub/c",
                "moved/sub: nothing",
                "moved: nothing",
                "pipe: nothing -> Fifo 644",
            ],
            changes.Select(change => change.Text).Order(StringComparer.Ordinal).ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Random_changes_are_those_that_a_full_walk_finds(bool journalInUse)
    {
        for (int seed = 0; seed < 6; seed++)
        {
            var random = new Random(seed + (journalInUse ? 100 : 0));
            using var disk = new TestDisk("mkdir -p workspace; " + Operations(random, 60));
            if (journalInUse)
                disk.ChangeBaseline(Operations(random, 40));
            disk.Run(Operations(random, 40));

            (List<Change> quick, string why) = disk.Tell(full: false);
            (List<Change> full, string because) = disk.Tell(full: true);

            Assert.Equal(("", "it was asked for"), (why, because));
            Assert.NotEmpty(full);
            Assert.Equal(Expanded(full), Expanded(quick));
        }
    }

    [Fact]
    public void A_device_that_is_not_as_expected_makes_it_walk_both_trees()
    {
        using var disk = new TestDisk("mkdir workspace; echo one > workspace/a");
        disk.Run("echo two > workspace/a");

        (List<Change> changes, string why) = disk.Tell(full: false, device: "/dev/zero");

        Assert.Equal("no ext4 file system", why);
        Assert.Equal("a: File 644 \"one\n\" -> File 644 \"two\n\"", Assert.Single(changes).Text);
    }

    [Fact]
    public void Limits_are_kept_and_said()
    {
        using var disk = new TestDisk("mkdir workspace; for i in 1 2 3 4 5 6; do echo $i > workspace/f$i; done; head -c 3000000 /dev/zero > workspace/large");
        disk.Run("for i in 1 2 3 4 5 6; do echo x >> workspace/f$i; done; echo x >> workspace/large");

        Assert.Equal(7, disk.Tell(full: false).Changes.Count);
        Assert.Contains("large: File 644 3000000 -> File 644 3000002", disk.Tell(full: false).Changes.Select(c => c.Text));
        Assert.Equal(4, disk.Tell(full: false, most: 4, truncated: true).Changes.Count);
    }

    [Fact]
    public void Damaged_devices_end_in_a_full_walk_or_a_failure()
    {
        using var disk = new TestDisk("mkdir -p workspace/d; for i in 1 2 3 4 5 6; do echo $i > workspace/d/f$i; done");
        disk.ChangeBaseline("for i in 1 2 3; do echo y >> workspace/d/f$i; done");
        disk.Run("for i in 1 2 3 4 5 6; do echo x >> workspace/d/f$i; done; rm -r workspace/d; mkdir workspace/d; echo z > workspace/d/f1");
        byte[] good = File.ReadAllBytes(disk.OldImage);
        int[] used = [.. Enumerable.Range(0, good.Length / 4096).Where(block => good.AsSpan(block * 4096, 4096).ContainsAnyExcept((byte)0))];
        for (int seed = 0; seed < 12; seed++)
        {
            var random = new Random(seed);
            byte[] bad = [.. good];
            for (int i = 0; i < 400; i++)
                bad[(used[random.Next(used.Length)] * 4096) + random.Next(4096)] = (byte)random.Next(256);
            File.WriteAllBytes(disk.OldImage, bad);
            disk.Tell(full: false, mayFail: true);
        }
    }

    private static string Expanded(List<Change> changes)
        => string.Join('\n', changes
            .SelectMany(change => change.MovedFrom is null ? (string[])[change.Bare] : [$"{change.MovedFrom} gone", $"{change.Path} came"])
            .Order(StringComparer.Ordinal));

    /// <summary>Lines of shell that change files at random below <c>workspace</c>; those that make no sense do nothing.</summary>
    private static string Operations(Random random, int count)
    {
        string Name() => "workspace/" + string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => "abcdef"[random.Next(6)] + (random.Next(5) == 0 ? "' \"x'" : "")));
        var script = new StringBuilder();
        for (int i = 0; i < count; i++)
        {
            string name = Name();
            script.AppendLine("{ " + random.Next(12) switch
            {
                0 or 1 or 2 => $"mkdir -p $(dirname {name} | head -1); seq {random.Next(2000)} > {name}",
                3 => $"echo {random.Next(100)} >> {name}",
                4 => $"rm -rf {name}",
                5 => $"mv -T {name} {Name()}",
                6 => $"ln -sfn {random.Next(3)} {name}",
                7 => $"ln {name} {Name()}",
                8 => $"chmod {random.Next(8)}{random.Next(8)}4 {name}",
                9 => $"mkdir -p {name}",
                10 => $"[ -f {name} ] && printf Z | dd of={name} conv=notrunc bs=1 seek=1",
                _ => $"touch {name}; ln -sfn {new string('l', 70)} {name}2",
            } + "; } 2>/dev/null || true");
        }

        return script.ToString();
    }

    /// <summary>A change, and how it is written in the tests.</summary>
    internal sealed record Change(string Path, string? MovedFrom, TreeSide Old, TreeSide New, string? OldContent, string? NewContent)
    {
        public string Text => MovedFrom is not null ? $"{Path} from {MovedFrom}"
            : Old.Kind == FileKind.Directory && New.Kind == FileKind.Unknown ? $"{Path} -> nothing"
            : New.Kind == FileKind.Directory && Old.Kind == FileKind.Unknown ? $"{Path}: nothing"
            : $"{Path}: {Side(Old, OldContent)} -> {Side(New, NewContent)}";

        /// <summary>Without content where it came or went as a whole, as a move has none.</summary>
        public string Bare => New.Kind == FileKind.Unknown ? $"{Path} gone" : Old.Kind == FileKind.Unknown ? $"{Path} came" : Text;

        private static string Side(TreeSide side, string? content) => side.Kind == FileKind.Unknown ? "nothing"
            : $"{side.Kind} {Convert.ToString(side.Mode, 8)}{(content is not null ? $" \"{content}\"" : side.Kind is FileKind.File ? $" {side.Size}" : "")}";
    }

    /// <summary>An image with a tree, and a copy of it, the baseline.</summary>
    private sealed class TestDisk : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly string _device;

        public TestDisk(string script)
        {
            Shell($"umask 022; mkdir tree m old; cd tree; {script}\ncd ..; mkfs.ext4 -q -F -b 4096 -J size=4 -E lazy_itable_init=0 -d tree new.img 32M; cp new.img old.img; cp old.img walk.img");
            _device = Shell("losetup -f --show new.img").Trim();
        }

        public string OldImage => _folder.Path + "/old.img";

        public List<Change> Changes(string script)
        {
            Run(script);
            (List<Change> changes, string why) = Tell(full: false);
            Assert.Equal("", why);
            return changes;
        }

        public void Run(string script) => Shell($"mount {_device} m; cd m; umask 022; {script}\ncd ..; umount m", unshare: true);

        /// <summary>Changes the disk, and takes it as the baseline while it is mounted, with a journal that was not written back.</summary>
        public void ChangeBaseline(string script)
            // What a mount makes of that copy is what the full walk gets.
            => Shell($"mount {_device} m; cd m; umask 022; {script}\nsync -f .; cd ..; sync {_device}; cp new.img old.img; dumpe2fs -h old.img | grep -q needs_recovery; cp old.img walk.img; mount -o loop walk.img old; umount old; umount m", unshare: true);

        public (List<Change> Changes, string FullWalk) Tell(bool full, string? device = null, uint most = 10_000, bool truncated = false, bool mayFail = false)
        {
            var request = new ChangesRequest("workspace", full ? "" : device ?? _device, OldImage, _folder.Path + "/old", 1 << 20, 64 << 20, most);
            File.WriteAllBytes(_folder.Path + "/request", Frame.Encode(request));
            string agent = Environment.GetEnvironmentVariable("PYRO_AGENT") is { Length: > 0 } program ? program : $"dotnet {AppContext.BaseDirectory}pyro-agent.dll";
            Shell($"mount {_device} m; mount -o loop,ro walk.img old; timeout 100 {agent} tool changes $PWD/m/workspace < request > answer; umount old m", unshare: true);
            return Read(File.ReadAllBytes(_folder.Path + "/answer"), truncated, mayFail);
        }

        public void Dispose()
        {
            Shell($"losetup -d {_device}");
            _folder.Dispose();
        }

        private static (List<Change> Changes, string FullWalk) Read(byte[] answer, bool truncated, bool mayFail)
        {
            var changes = new List<Change>();
            string why = "";
            int at = 0;
            (FrameType Type, byte[] Payload) Next()
            {
                Assert.True(FrameHeader.TryRead(answer.AsSpan(at), out FrameHeader header), "the answer ended early");
                at += Wire.HeaderSize + header.Length;
                return (header.Type, answer[(at - header.Length)..at]);
            }

            string? Content(TreeSide side)
            {
                if (!side.HasContent)
                    return null;
                var content = new List<byte>();
                for ((FrameType Type, byte[] Payload) frame = Next(); frame.Type != FrameType.ToolEnd; frame = Next())
                    content.AddRange(frame.Payload);
                return Encoding.Latin1.GetString([.. content]);
            }

            while (true)
            {
                (FrameType type, byte[] payload) = Next();
                switch (type)
                {
                    case FrameType.ChangesFound:
                        why = Frame.Decode<ChangesFoundMessage>(payload).FullWalk;
                        break;
                    case FrameType.TreeChange:
                        TreeChangeMessage change = Frame.Decode<TreeChangeMessage>(payload);
                        string? old = Content(change.Old);
                        changes.Add(new Change(Encoding.UTF8.GetString(change.Path.Span), change.OldPath.IsEmpty ? null : Encoding.UTF8.GetString(change.OldPath.Span), change.Old, change.New, old, Content(change.New)));
                        break;
                    case FrameType.ToolDone:
                        Assert.True(mayFail || truncated == Frame.Decode<ToolDoneMessage>(payload).Truncated);
                        return (changes, why);
                    default:
                        Assert.True(mayFail && type == FrameType.ToolFailed, type == FrameType.ToolFailed ? Frame.Decode<ToolFailedMessage>(payload).ToString() : type.ToString());
                        return (changes, why);
                }
            }
        }

        private string Shell(string script, bool unshare = false)
        {
            var start = new ProcessStartInfo(unshare ? "unshare" : "sh") { WorkingDirectory = _folder.Path, RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (string argument in (string[])[.. unshare ? ["-m", "sh"] : Array.Empty<string>(), "-ec", script])
                start.ArgumentList.Add(argument);
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"{process.ExitCode}: {errors.Result}\n{script}");
            return output;
        }
    }
}
