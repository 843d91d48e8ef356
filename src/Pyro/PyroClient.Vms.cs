using Pyro.Vms;

namespace Pyro;

// Machines for one command, each step a call: what RunInVmAsync does in one.
public sealed partial class PyroClient
{
    /// <summary>Makes a machine without starting it.</summary>
    /// <param name="request">What it is to be.</param>
    /// <param name="progress">Told of each step, or null.</param>
    /// <param name="cancellationToken">Ends the call; nothing is left of it.</param>
    /// <exception cref="PyroException">It cannot be made.</exception>
    public Task<Vm> CreateVmAsync(CreateVmRequest request, IProgress<RunPhase>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate();
        return CreateAsync();

        async Task<Vm> CreateAsync()
        {
            var machines = new VirtualMachines(Paths);
            await machines.ReapAsync(cancellationToken).ConfigureAwait(false);
            return await machines.CreateAsync(request, progress, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Starts a machine. One that runs is left alone.</summary>
    /// <param name="vm">Its id, or a unique beginning of it.</param>
    /// <param name="progress">Told of each step, or null.</param>
    /// <param name="cancellationToken">Ends the call; the machine is stopped then.</param>
    /// <exception cref="PyroException">There is none, or it cannot be started.</exception>
    public Task<Vm> StartVmAsync(string vm, IProgress<RunPhase>? progress = null, CancellationToken cancellationToken = default) =>
        new VirtualMachines(Paths).StartAsync(vm, progress, cancellationToken);

    /// <summary>Runs one command in a machine that runs, and deletes the machine, however the command ended.</summary>
    /// <param name="vm">Its id, or a unique beginning of it.</param>
    /// <param name="command">The program and its arguments. No shell is involved.</param>
    /// <param name="timeoutSeconds">How long it may run. After that its whole process tree is killed and the exit code is 124.</param>
    /// <param name="streams">Where its input comes from and its output goes to; null for no input and collected output. They stay the caller's.</param>
    /// <param name="progress">Told of each step, or null.</param>
    /// <param name="cancellationToken">Kills the command; the machine is deleted too.</param>
    /// <exception cref="PyroException">There is no such machine, it does not run, or it ended first. A command that ran and failed is a result, not an exception.</exception>
    public Task<RunResult> ExecVmAsync(
        string vm, IReadOnlyList<string> command, int timeoutSeconds = 30, RunStreams? streams = null, IProgress<RunPhase>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        var request = new RunRequest { Environment = "", Command = command, TimeoutSeconds = timeoutSeconds };
        return new VirtualMachines(Paths).ExecAsync(vm, request, streams ?? new RunStreams(), progress, cancellationToken);
    }

    /// <summary>Stops a machine: its guest ends its processes, writes everything to the disk and switches itself off.</summary>
    /// <param name="vm">Its id, or a unique beginning of it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is none, or it does not end.</exception>
    public Task<Vm> StopVmAsync(string vm, CancellationToken cancellationToken = default) => new VirtualMachines(Paths).StopAsync(vm, cancellationToken);

    /// <summary>Deletes a machine, running or not.</summary>
    /// <param name="vm">Its id, or a unique beginning of it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is none, or it does not end.</exception>
    public Task<DeletedVm> DeleteVmAsync(string vm, CancellationToken cancellationToken = default) => new VirtualMachines(Paths).DeleteAsync(vm, cancellationToken);

    /// <summary>A machine as it is now.</summary>
    /// <param name="vm">Its id, or a unique beginning of it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is none.</exception>
    public Task<Vm> StatusVmAsync(string vm, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(new VirtualMachines(Paths).Status(vm));
    }

    /// <summary>What of the network a machine sees.</summary>
    /// <param name="vm">Its id, or a unique beginning of it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PyroException">There is none.</exception>
    public Task<VmNetworkInfo> NetworkInfoVmAsync(string vm, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(new VmNetworkInfo(new VirtualMachines(Paths).Status(vm).VmId, "off"));
    }
}
