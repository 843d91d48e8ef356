using System.Diagnostics;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Pyro.Machines;
using Pyro.Protocol;
using Pyro.Vmm.Processes;
using Pyro.Vmm.Virtio.Vsock;

namespace Pyro.Bench.Torture;

/// <summary>A machine that goes on from a snapshot, in a process of its own, and the files that it writes to.</summary>
internal sealed class Guest : IAsyncDisposable
{
    // An emulated host may have eight of them and a build beside.
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(180);

    // What the VMM gives a guest to answer a connection. A host with more machines than processor may be slower than that.
    private static readonly TimeSpan s_answerLimit = TimeSpan.FromMilliseconds(new VsockOptions().RequestTimeout);

    private readonly Workshop _shop;
    private readonly MachineSockets _sockets;
    private readonly string _folder;
    private readonly Snapshot _paused;

    private Guest(Workshop shop, Snapshot from)
    {
        _shop = shop;
        _folder = Directory.CreateDirectory(shop.NewPath()).FullName;
        _sockets = new MachineSockets(_folder);
        Layers = from.Layers;
        Overlay = shop.NewPath();
        string path = shop.NewPath();
        _paused = new Snapshot(Path.GetFileName(path), path + ".state", path + ".memory", []);
        Vmm = shop.Launch(from, _paused, Overlay, _sockets);
    }

    internal VmmProcess Vmm { get; }

    /// <summary>The frozen layers that it stands on, lowest first.</summary>
    internal IReadOnlyList<string> Layers { get; private set; }

    /// <summary>The layer that it writes to.</summary>
    internal string Overlay { get; private set; }

    /// <summary>How often it took so long to answer that it had to be asked again.</summary>
    internal int SlowAnswers { get; private set; }

    internal IEnumerable<string> Files => [.. Layers, Overlay, .. _paused.Files];

    internal static Guest Restore(Workshop shop, Snapshot from) => new(shop, from);

    /// <summary>Waits until it is a machine of its own and takes commands.</summary>
    internal async Task UpAsync()
    {
        await Vmm.Started.WaitAsync(s_limit);
        using var limit = new CancellationTokenSource(s_limit);
        await using GuestConnection connection = await ConnectAsync(limit.Token);
        await connection.ResumeAsync(NewIdentity.Request(), limit.Token);
    }

    /// <summary>Runs a shell script in the guest.</summary>
    /// <returns>What it wrote.</returns>
    /// <exception cref="BenchException">It failed, or the machine did.</exception>
    internal async Task<string> ShellAsync(string script, Stream? stdin = null)
    {
        using var limit = new CancellationTokenSource(s_limit);
        using var output = new MemoryStream();
        try
        {
            await using GuestConnection connection = await ConnectAsync(limit.Token);
            await using ExecStream exec = await connection.ExecAsync(new ExecRequest { Arguments = ["sh", "-c", script], Stdin = stdin is not null }, limit.Token);
            ExitedMessage end = await exec.RunAsync(stdin, output, output, limit.Token);
            string text = Encoding.UTF8.GetString(output.ToArray());
            return end.ShellCode == 0 ? text : throw new BenchException($"a command in the guest ended with {end.ShellCode}: {text}");
        }
        catch (Exception e) when (e is GuestConnectionLostException or ProtocolException or OperationCanceledException or System.Net.Sockets.SocketException)
        {
            throw new BenchException($"machine {_paused.Name} does not answer ({e.Message}){(Vmm.Exited.IsCompleted ? $": {await Vmm.Exited}" : "")}");
        }
    }

    private async Task<GuestConnection> ConnectAsync(CancellationToken limit)
    {
        while (true)
        {
            long begin = Stopwatch.GetTimestamp();
            try
            {
                return await GuestConnection.ConnectAsync(_sockets.Path, cancellationToken: limit);
            }
            catch (GuestConnectionLostException) when (Stopwatch.GetElapsedTime(begin) >= s_answerLimit && !Vmm.Exited.IsCompleted)
            {
                SlowAnswers++;
            }
        }
    }

    /// <summary>Begins a snapshot of the running machine. Call <see cref="EndLiveSave"/> when it has ended and the machine goes on.</summary>
    internal (Snapshot Snapshot, string NewLayer, Task<MachineSavedLive> Saving) BeginLiveSave()
    {
        string path = _shop.NewPath();
        var snapshot = new Snapshot(Path.GetFileName(path), path + ".state", path + ".memory", [.. Layers, Overlay]);
        using SafeFileHandle state = Workshop.Create(snapshot.State), memory = Workshop.Create(snapshot.Memory), layer = Workshop.Create(path + ".layer");
        return (snapshot, path + ".layer", Vmm.SaveLiveAsync(state, memory, [layer]));
    }

    /// <summary>Notes the layer that the machine has been writing to since, if it came to that.</summary>
    internal void EndLiveSave(string newLayer)
    {
        if (!IsFrozen(Overlay))
            return;
        Layers = [.. Layers, Overlay];
        Overlay = newLayer;
    }

    /// <summary>Begins a snapshot of the machine, which stands still from then on.</summary>
    internal (Snapshot Snapshot, Task<MachineSaved> Saving) BeginPausedSave() => (_paused with { Layers = [.. Layers, Overlay] }, Vmm.SaveAsync());

    public async ValueTask DisposeAsync()
    {
        await Vmm.DisposeAsync();
        _sockets.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // Bit 0 of a layer's flags (docs/disk-overlay.md).
    private static bool IsFrozen(string layer)
    {
        using SafeFileHandle file = File.OpenHandle(layer);
        Span<byte> flags = stackalloc byte[1];
        return RandomAccess.Read(file, flags, 20) == 1 && (flags[0] & 1) != 0;
    }
}
