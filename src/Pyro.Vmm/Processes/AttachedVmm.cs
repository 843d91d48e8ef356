using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;

namespace Pyro.Vmm.Processes;

/// <summary>
/// A VMM process seen from one that did not start it: requests over the socket of
/// <see cref="MachineConfig.ControlListenDescriptor"/>, a connection each.
/// </summary>
/// <param name="path">That socket's path.</param>
public sealed class AttachedVmm(string path)
{
    /// <summary>Asks for the machine's end, as by pulling its plug.</summary>
    /// <returns>False if there is no such process any more.</returns>
    public bool TryStop()
    {
        try
        {
            using var control = new ControlSocket(UnixSocket.Connect(path));
            control.Send(new VmmRequest(VmmCommand.Stop), ProcessJson.Default.VmmRequest);
            return true;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    /// <summary>Asks what the machine has done so far.</summary>
    /// <returns>Its counters; null if it ended before it could answer.</returns>
    public Task<MachineCounters?> CountAsync() => Task.Run(() =>
        Ask<MachineCounted>(new VmmRequest(VmmCommand.Count), [])?.Counters);

    /// <inheritdoc cref="VmmProcess.SaveLiveAsync"/>
    public Task<MachineSavedLive> SaveLiveAsync(SafeFileHandle state, SafeFileHandle memory, IReadOnlyList<SafeFileHandle> layers, bool sync, Action<int>? wentOn = null) => Task.Run(() =>
    {
        var request = new LiveSaveRequest(Number: 0, StateDescriptor: 0, MemoryDescriptor: 1, [.. Enumerable.Range(2, layers.Count)], sync);
        return Ask<MachineSavedLive>(new VmmRequest(VmmCommand.SaveLive, request), [state, memory, .. layers], on => wentOn?.Invoke(on.Layers))
            ?? new MachineSavedLive(request.Number, VmmProcess.EndedBefore);
    });

    private T? Ask<T>(VmmRequest request, ReadOnlySpan<SafeFileHandle> descriptors, Action<MachineWentOn>? wentOn = null)
        where T : VmmEvent
    {
        try
        {
            using var control = new ControlSocket(UnixSocket.Connect(path));
            control.Send(request, ProcessJson.Default.VmmRequest, descriptors);
            while (control.TryReceive(ProcessJson.Default.VmmEvent, out VmmEvent? answer))
            {
                if (answer is MachineWentOn on)
                {
                    wentOn?.Invoke(on);
                }
                else if (answer is T wanted)
                {
                    return wanted;
                }
            }
        }
        catch (LinuxException)
        {
            // Nobody listens: the process has ended.
        }

        return null;
    }
}
