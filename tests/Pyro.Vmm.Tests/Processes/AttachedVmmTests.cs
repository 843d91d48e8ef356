using System.Net.Sockets;
using System.Text;
using Iced.Intel;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Vmm.Processes;
using Pyro.Vmm.Tests.Boot;
using Pyro.Vmm.Tests.Disks;
using static Pyro.Vmm.Tests.TinyGuest;

namespace Pyro.Vmm.Tests.Processes;

/// <summary>Machines that others than their starter talk to, in processes of the published executable, on this host's own <c>/dev/kvm</c>.</summary>
public sealed class AttachedVmmTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("pyro-attached-").FullName;
    private readonly FileDescriptor _listener;
    private readonly SafeFileHandle _exit = TestDisk.NewFile();

    public AttachedVmmTests() => _listener = UnixSocket.Listen(ControlPath);

    private string ControlPath => Path.Combine(_folder, "control.sock");

    public void Dispose()
    {
        _listener.Dispose();
        _exit.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Anyone_who_connects_is_answered_and_the_end_is_written_down()
    {
        await using VmmProcess vmm = Launch(static config => config);
        await vmm.Started.WaitAsync(s_limit);
        _listener.Dispose(); // the process has its own
        var attached = new AttachedVmm(ControlPath);
        MachineCounters?[] counted = await Task.WhenAll(attached.CountAsync(), new AttachedVmm(ControlPath).CountAsync(), vmm.CountAsync()).WaitAsync(s_limit);
        Assert.All(counted, static c => Assert.NotNull(c));

        using SafeFileHandle state = TestDisk.NewFile(), memory = TestDisk.NewFile();
        Assert.Null((await attached.SaveLiveAsync(state, memory, [], sync: false).WaitAsync(s_limit)).Error);
        Assert.NotEqual(0, RandomAccess.GetLength(state));

        Assert.True(attached.TryStop());
        Assert.Equal(MachineExitReason.Stopped, (await vmm.Exited.WaitAsync(s_limit)).Reason);
        await VmmProcessTests.GoneAsync(vmm.ProcessId);
        Assert.Contains("\"stopped\"", Written(), StringComparison.OrdinalIgnoreCase);
        Assert.Null(await attached.CountAsync().WaitAsync(s_limit));
        Assert.False(attached.TryStop());
        Assert.Contains("ended before", (await attached.SaveLiveAsync(state, memory, [], sync: false).WaitAsync(s_limit)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_who_goes_away_before_the_answer_does_no_harm()
    {
        await using VmmProcess vmm = Launch(static config => config);
        await vmm.Started.WaitAsync(s_limit);
        for (int i = 0; i < 20; i++)
        {
            using var control = new ControlSocket(UnixSocket.Connect(ControlPath));
            using SafeFileHandle state = TestDisk.NewFile(), memory = TestDisk.NewFile();
            var request = new LiveSaveRequest(1, StateDescriptor: 0, MemoryDescriptor: 1, [], Sync: false);
            control.Send(new VmmRequest(VmmCommand.SaveLive, request), ProcessJson.Default.VmmRequest, [state, memory]);
        }

        using (var stranger = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await stranger.ConnectAsync(new UnixDomainSocketEndPoint(ControlPath));
            await stranger.SendAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"));
        }

        Assert.NotNull(await new AttachedVmm(ControlPath).CountAsync().WaitAsync(s_limit));
    }

    [Fact]
    public async Task A_machine_ends_by_itself_when_its_time_is_over()
    {
        await using VmmProcess vmm = Launch(static config => config with { ExpiresAtMs = DateTimeOffset.UtcNow.AddMilliseconds(300).ToUnixTimeMilliseconds() });
        Assert.Equal(MachineExitReason.Expired, (await vmm.Exited.WaitAsync(s_limit)).Reason);
        await VmmProcessTests.GoneAsync(vmm.ProcessId);
        Assert.Contains("\"expired\"", Written(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_layer_that_is_there_is_gone_on_with()
    {
        using SafeFileHandle image = TestDisk.NewFile(), layer = TestDisk.NewFile();
        RandomAccess.SetLength(image, 1 << 20);
        byte[]? first = null;
        for (int round = 0; round < 2; round++)
        {
            await using VmmProcess vmm = Launch(
                static config => config with { Disks = [new DiskConfig { Name = "root", BaseDescriptor = 4, OverlayDescriptor = 5, Durable = true }] }, image, layer);
            await vmm.Started.WaitAsync(s_limit);
            byte[] header = new byte[4096];
            RandomAccess.Read(layer, header, 0);
            Assert.Equal(first ?? header, header); // with the id that it was made with
            first = header;
        }
    }

    private VmmProcess Launch(Func<MachineConfig, MachineConfig> change, params SafeFileHandle[] more)
    {
        using KvmSystem kvm = KvmSystem.Open();
        using var handle = new SafeFileHandle(kvm.Number, ownsHandle: false);
        using FileStream kernel = TinyElf.Open(TinyElf.Build(Assemble(64, Spin)));
        var config = new MachineConfig
        {
            MachineId = "test",
            VcpuCount = 1,
            MemMib = 32,
            KvmDescriptor = 0,
            KernelDescriptor = 1,
            KernelName = "tiny",
            Rng = false,
            ControlListenDescriptor = 2,
            ExitDescriptor = 3,
        };
        return VmmProcess.Launch(
            VmmProcessTests.Executable, change(config), [handle, kernel.SafeFileHandle, new SafeFileHandle(_listener.Number, ownsHandle: false), _exit, .. more]);
    }

    private string Written()
    {
        byte[] bytes = new byte[RandomAccess.GetLength(_exit)];
        RandomAccess.Read(_exit, bytes, 0);
        return Encoding.UTF8.GetString(bytes);
    }
}
