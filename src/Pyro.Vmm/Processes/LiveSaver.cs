using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Vmm.Disks;
using Pyro.Vmm.Snapshots;

namespace Pyro.Vmm.Processes;

/// <summary>Takes snapshots of the running machine on request, one at a time, each on a thread of its own.</summary>
internal sealed class LiveSaver(Machine machine, IReadOnlyList<string> parts, KvmSystem kvm)
{
    internal const string Busy = "another snapshot of the machine is under way";

    private volatile bool _isUnderWay;

    internal bool IsUnderWay => _isUnderWay;

    /// <summary>Begins, or refuses; the answer is sent when it is known. The descriptors are this object's from here on.</summary>
    /// <param name="request">What to fill.</param>
    /// <param name="descriptors">The files that it names.</param>
    /// <param name="refusal">Why the machine cannot be saved, or null.</param>
    /// <param name="control">Where the answer goes.</param>
    internal void Begin(LiveSaveRequest request, SafeFileHandle[] descriptors, string? refusal, ControlSocket control)
    {
        if ((_isUnderWay ? Busy : refusal) is string reason)
        {
            foreach (SafeFileHandle descriptor in descriptors)
                descriptor.Dispose();
            Tell(control, new MachineSavedLive(request.Number, reason));
            return;
        }

        _isUnderWay = true;
        new Thread(() => Run(request, descriptors, control), maxStackSize: 256 * 1024) { IsBackground = true, Name = "snapshot" }.Start();
    }

    private void Run(LiveSaveRequest request, SafeFileHandle[] descriptors, ControlSocket control)
    {
        MachineSavedLive result;
        try
        {
            result = Save(request, descriptors, control);
        }
        catch (Exception e) when (e is IOException or DiskException or KvmException or ArgumentException)
        {
            result = new MachineSavedLive(request.Number, e.Message);
        }

        _isUnderWay = false;
        Tell(control, result);
    }

    private MachineSavedLive Save(LiveSaveRequest request, SafeFileHandle[] descriptors, ControlSocket control)
    {
        using SafeFileHandle state = descriptors[request.StateDescriptor];
        using SafeFileHandle memory = descriptors[request.MemoryDescriptor];
        SafeFileHandle[] layers = Array.ConvertAll([.. request.LayerDescriptors], i => descriptors[i]);
        LiveSnapshot snapshot = machine.SaveLive(kvm, SnapshotParts.ToBytes(parts), memory, layers, taken => Tell(control, new MachineWentOn(request.Number, taken)));
        if (request.Sync)
            RandomAccess.FlushToDisk(memory);
        RandomAccess.Write(state, snapshot.State, 0);
        if (request.Sync)
            RandomAccess.FlushToDisk(state);
        return new MachineSavedLive(
            request.Number, null, snapshot.MemoryWrittenLive, (long)snapshot.Pause.TotalNanoseconds, (long)snapshot.Copy.TotalNanoseconds);
    }

    private static void Tell(ControlSocket control, VmmEvent news)
    {
        try
        {
            control.Send(news, ProcessJson.Default.VmmEvent);
        }
        catch (ObjectDisposedException)
        {
            // Whoever asked has gone away meanwhile; the files tell how it went.
        }
    }
}
