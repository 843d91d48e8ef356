using System.Diagnostics;
using Pyro.Environments;
using Pyro.Files;
using Pyro.Machines;
using Pyro.Running;
using Pyro.Workspaces;
using Pyro.Workspaces.Engine;

namespace Pyro.Vms;

/// <summary>Machines that are made, started and used by calls of their own: folders like those of workspaces, in a store beside.</summary>
internal sealed class VirtualMachines(PyroPaths paths)
{
    private readonly WorkspaceStore _store = new(paths.Vms);
    private readonly WorkspaceMachines _machines = new(paths);

    private WorkspaceLifecycle Lifecycle => new(paths, _store);

    internal async Task<Vm> CreateAsync(CreateVmRequest request, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        await EnvironmentInstaller.EnsureAsync(request.Environment, paths, progress, Stopwatch.GetTimestamp(), cancellationToken).ConfigureAwait(false);
        InstalledEnvironment environment = EnvironmentStore.OfUser(paths).Resolve(request.Environment);
        DateTimeOffset now = WorkspaceCreation.Now();
        var record = new WorkspaceRecord
        {
            WorkspaceId = WorkspaceCreation.NewId(),
            Environment = environment.Name,
            EnvironmentDigest = environment.Digest,
            VcpuCount = request.VcpuCount,
            MemMib = request.MemMib,
            WorkspaceSeed = new WorkspaceSeed("empty"),
            MachineId = NewIdentity.MachineId(),
            CreatedAt = now,
            TtlSeconds = request.TtlSeconds,
            ExpiresAt = now.AddSeconds(request.TtlSeconds),
            Layers = [],
        };
        await new WorkspaceCreation(paths, _store).InstallAsync(record, folder =>
        {
            SparseCopy.Link(environment.RootDisk, folder.Image);
            folder.Save(record);
            return Task.CompletedTask;
        }, cancellationToken).ConfigureAwait(false);
        return Describe(_store.FolderOf(record.WorkspaceId), record);
    }

    internal async Task<Vm> StartAsync(string vm, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        WorkspaceFolder folder = Find(vm);
        bool isFirst;
        using (FileLock held = await _store.LockAsync(folder, cancellationToken).ConfigureAwait(false))
        {
            WorkspaceRecord record = folder.Load();
            isFirst = record.Layers.Count == 0;
            if (isFirst)
            {
                (Machine machine, record) = await _machines.StartFirstAsync(folder, record, progress, cancellationToken).ConfigureAwait(false);
                await using (machine)
                {
                    folder.Save(record);
                    machine.Release();
                }
            }
        }

        if (!isFirst)
            _ = await Lifecycle.StartAsync(folder, progress, cancellationToken).ConfigureAwait(false);
        return Describe(folder, folder.Load());
    }

    /// <summary>Runs one command in a machine that runs; the machine is gone afterwards, however that went.</summary>
    internal async Task<RunResult> ExecAsync(string vm, RunRequest command, RunStreams callers, IProgress<RunPhase>? progress, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        WorkspaceFolder folder = Find(vm);
        WorkspaceRecord record = folder.Load();
        command = command with { Environment = record.Environment, VcpuCount = record.VcpuCount, MemMib = record.MemMib };
        command.Validate();
        Vm now = Describe(folder, record);
        if (now.State != WorkspaceState.Running)
            throw new PyroException(ErrorCodes.VmStopped, $"the machine {now.VmId} is stopped: {now.StopReason}", "Start it before its command.");
        using var streams = new CommandStreams(callers, command.MaxOutputBytes);
        try
        {
            CommandEnd end = await GuestExec.RunAsync(_machines.VsockPath(record), command, streams, progress, cancellationToken).ConfigureAwait(false);
            return streams.Fill(OneRun.Result(command, ExecutionModes.GuestVsock, end, MachineTimings.None, start));
        }
        catch (Exception e) when (GuestExec.IsLoss(e))
        {
            throw new PyroException(ErrorCodes.MachineDied, $"the machine ended before its command did: {Describe(folder, record).StopReason}", "Make another one.", e);
        }
        finally
        {
            _ = await Lifecycle.DeleteAsync(folder, CancellationToken.None).ConfigureAwait(false);
        }
    }

    internal async Task<Vm> StopAsync(string vm, CancellationToken cancellationToken)
    {
        WorkspaceFolder folder = Find(vm);
        _ = await Lifecycle.StopAsync(folder, cancellationToken).ConfigureAwait(false);
        return Describe(folder, folder.Load());
    }

    internal async Task<DeletedVm> DeleteAsync(string vm, CancellationToken cancellationToken) =>
        new((await Lifecycle.DeleteAsync(Find(vm), cancellationToken).ConfigureAwait(false)).WorkspaceId, Deleted: true);

    internal Vm Status(string vm)
    {
        WorkspaceFolder folder = Find(vm);
        return Describe(folder, folder.Load());
    }

    internal Task<IReadOnlyList<string>> ReapAsync(CancellationToken cancellationToken) => Lifecycle.ReapAsync(cancellationToken);

    private WorkspaceFolder Find(string vm)
    {
        try
        {
            return _store.Find(vm);
        }
        catch (PyroException e) when (e.Code == ErrorCodes.WorkspaceNotFound)
        {
            throw new PyroException(ErrorCodes.VmNotFound, $"there is no machine '{vm}'", "It may have run its command, or its time to live is over.", e);
        }
    }

    private static Vm Describe(WorkspaceFolder folder, WorkspaceRecord record)
    {
        (WorkspaceState state, string? reason) = WorkspaceMachines.StateOf(folder, record);
        return new Vm(
            record.WorkspaceId,
            record.Environment,
            state,
            record.Layers.Count == 0 ? "not started yet" : reason,
            ExecutionModes.GuestVsock,
            record.VcpuCount,
            record.MemMib,
            record.CreatedAt,
            record.ExpiresAt ?? DateTimeOffset.MaxValue);
    }
}
