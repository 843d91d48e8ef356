using System.Runtime.InteropServices;
using System.Text;
using Pyro.Kvm.Native;

namespace Pyro.Kvm.Tests.LibraryCalls;

public sealed unsafe class ChildProcessTests
{
    private static readonly string[] s_environment = ["PATH=/usr/bin:/bin", "GREETING=hello"];

    [Theory]
    [InlineData("exit 0", 0, 0)]
    [InlineData("exit 7", 7, 0)]
    [InlineData("kill -TERM $$", 0, Uapi.SIGTERM)]
    [InlineData("kill -KILL $$", 0, Uapi.SIGKILL)]
    public void A_childs_end_is_told_as_code_or_signal(string script, int code, int signal)
    {
        using ChildProcess child = Bash(script);

        Assert.Equal(new ExitStatus(code, signal), child.Wait());
    }

    [Fact]
    public void A_child_has_the_descriptors_it_is_given_under_the_numbers_that_were_asked_for()
    {
        (FileDescriptor ours, FileDescriptor theirs) = DescriptorPassing.CreatePair();
        using (ours)
        {
            using (theirs)
            {
                using ChildProcess child = Bash("echo $GREETING >&3; echo there >&4", (3, theirs), (4, theirs));
                Assert.Equal(new ExitStatus(0, 0), child.Wait());
            }
            Assert.Equal("hello\nthere\n", ReadAll(ours));
        }
    }

    [Fact]
    public void Descriptors_may_trade_their_numbers()
    {
        (FileDescriptor firstOurs, FileDescriptor first) = DescriptorPassing.CreatePair();
        (FileDescriptor secondOurs, FileDescriptor second) = DescriptorPassing.CreatePair();
        using (firstOurs)
        using (secondOurs)
        {
            using (first)
            using (second)
            {
                using ChildProcess child = Bash($"echo one >&{second.Number}; echo two >&{first.Number}", (second.Number, first), (first.Number, second));
                Assert.Equal(new ExitStatus(0, 0), child.Wait());
            }
            Assert.Equal("one\n", ReadAll(firstOurs));
            Assert.Equal("two\n", ReadAll(secondOurs));
        }
    }

    [Fact]
    public void A_child_has_nothing_else_open()
    {
        (FileDescriptor ours, FileDescriptor theirs) = DescriptorPassing.CreatePair();
        using var other = new EventFd();
        using (ours)
        {
            using (theirs)
            {
                using ChildProcess child = Bash($"[ -e /proc/self/fd/{other.Number} ] && echo open >&3; exit 0", (3, theirs));
                Assert.Equal(new ExitStatus(0, 0), child.Wait());
            }
            Assert.Equal("", ReadAll(ours));
        }
    }

    [Fact]
    public void A_child_starts_with_default_signals_and_none_blocked()
    {
        // The runtime ignores SIGPIPE, and this thread blocks SIGTERM: neither is to be the child's.
        (FileDescriptor ours, FileDescriptor theirs) = DescriptorPassing.CreatePair();
        using (ours)
        {
            var thread = new Thread(() =>
            {
                __sigset_t set;
                _ = Libc.sigemptyset(&set);
                _ = Libc.sigaddset(&set, Uapi.SIGTERM);
                _ = Libc.pthread_sigmask(Uapi.SIG_BLOCK, &set, null);
                using (theirs)
                {
                    using ChildProcess child = ChildProcess.Start(
                        "/usr/bin/grep", ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"], s_environment, [(1, theirs)]);
                    _ = child.Wait();
                }
            });
            thread.Start();
            thread.Join();
            string[] lines = ReadAll(ours).Split('\n');
            Assert.Equal("SigBlk:\t0000000000000000", lines[0]);
            // The C library keeps two of the real-time signals for itself, and ignores them here.
            Assert.StartsWith("SigIgn:\t", lines[1], StringComparison.Ordinal);
            Assert.Equal(0u, (uint)Convert.ToUInt64(lines[1]["SigIgn:\t".Length..], 16) & int.MaxValue);
        }
    }

    [Fact]
    public void A_child_may_lead_a_session()
    {
        using ChildProcess child = ChildProcess.Start(
            "/bin/bash", ["bash", "-c", "[ \"$(cut -d' ' -f6 /proc/$$/stat)\" = $$ ]"], s_environment, [], ChildOptions.NewSession);

        Assert.Equal(new ExitStatus(0, 0), child.Wait());
    }

    [Fact]
    public void A_child_may_lead_a_process_group_in_another_folder_and_be_found_by_PATH()
    {
        using ChildProcess child = ChildProcess.Start(
            "bash",
            ["bash", "-c", "[ \"$(cut -d' ' -f5 /proc/$$/stat)\" = $$ ] && [ $PWD = /usr ]"],
            s_environment,
            [],
            ChildOptions.NewGroup | ChildOptions.SearchPath,
            "/usr");

        Assert.Equal(new ExitStatus(0, 0), child.Wait());
        Assert.Throws<LinuxException>(() => ChildProcess.Start("bash", ["bash"], s_environment, []));
    }

    [Fact]
    public void A_killed_child_is_seen_and_killing_it_again_does_nothing()
    {
        using ChildProcess child = Bash("while :; do sleep 60; done");

        Assert.True(child.TryKill());
        pollfd ended = new() { fd = child.Handle.Number, events = (short)Uapi.POLLIN };
        Assert.Equal(1, Libc.poll(&ended, 1, 20_000));
        Assert.Equal(new ExitStatus(0, Uapi.SIGKILL), child.Wait());
        Assert.False(child.TryKill());
        Assert.Equal(Uapi.ECHILD, Assert.Throws<LinuxException>(() => child.Wait()).Errno);
    }

    [Fact]
    public void A_program_that_is_not_there_is_named()
    {
        LinuxException error = Assert.Throws<LinuxException>(() => ChildProcess.Start("/no/such/program", ["x"], [], []));

        Assert.Equal("posix_spawn /no/such/program: ENOENT (No such file or directory)", error.Message);
    }

    private static ChildProcess Bash(string script, params (int, SafeHandle)[] descriptors) =>
        ChildProcess.Start("/bin/bash", ["bash", "-c", script], s_environment, descriptors);

    private static string ReadAll(FileDescriptor descriptor)
    {
        var text = new StringBuilder();
        byte* buffer = stackalloc byte[256];
        nint count;
        while ((count = Libc.read(descriptor, buffer, 256)) > 0)
        {
            text.Append(Encoding.UTF8.GetString(buffer, (int)count));
        }
        return text.ToString();
    }
}
