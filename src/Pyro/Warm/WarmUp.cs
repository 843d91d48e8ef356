using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Pyro.Machines;

namespace Pyro.Warm;

/// <summary>Makes a warm snapshot: boots a machine, runs what first commands have in common, and saves it.</summary>
/// <param name="options">The machine.</param>
/// <param name="kvm">The open <c>/dev/kvm</c>.</param>
/// <param name="parts">Its parts.</param>
/// <param name="paths">Where Pyro keeps its files.</param>
/// <param name="tell">Told each step and more about it.</param>
internal sealed class WarmUp(MachineOptions options, SafeFileHandle kvm, MachineParts parts, PyroPaths paths, Action<string, string> tell)
{
    // What they read stays in the guest's page cache: the shell, the loader, the C library, git. A program that an image
    // does not have ends with 127 and does no harm. The second round runs on what the first left behind.
    private static readonly string[][] s_commands = [["sh", "-c", "true"], ["git", "--version"], ["true"], ["sh", "-c", "true"], ["true"]];

    /// <inheritdoc cref="WarmStore.MakeAsync"/>
    internal Task<bool> MakeAsync(WarmStore store, Action? busy, CancellationToken cancellationToken) =>
        store.MakeAsync(parts, files => FillAsync(files, cancellationToken), busy, cancellationToken);

    private async Task FillAsync(WarmSnapshot files, CancellationToken cancellationToken)
    {
        await SaveAsync(files, cancellationToken).ConfigureAwait(false);
        try
        {
            await TryAsync(files, cancellationToken).ConfigureAwait(false);
        }
        catch (PyroException)
        {
            // Whoever starts from it finds out why, and what is to be done.
        }
    }

    private async Task SaveAsync(WarmSnapshot files, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        tell("boot", "");
        await using Machine machine = new MachineLauncher(new MachineSpec(options, parts, paths)) { Kvm = kvm, Save = files }.Launch(start, null);
        await machine.WaitUntilBootedAsync(start, null, cancellationToken).ConfigureAwait(false);
        tell("warm_up", "");
        if (options.ForWorkspace)
            await RunAsync(machine, ["mkdir", "-p", Workspaces.Workspace.Path], cancellationToken).ConfigureAwait(false);
        foreach (string[] command in s_commands)
            await RunAsync(machine, command, cancellationToken).ConfigureAwait(false);
        tell("save", "");
        await machine.SaveAsync(cancellationToken).ConfigureAwait(false);
    }

    // One machine goes on from it and runs the least of commands, so that the others know what they will write to.
    private async Task TryAsync(WarmSnapshot files, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        tell("working_set", "");
        using MachineSnapshot snapshot = files.ToMachine(parts.OpenRootDisk(), writable: true);
        await using Machine machine = new MachineLauncher(new MachineSpec(options, parts, paths)) { Kvm = kvm, Restore = snapshot, NotesWorkingSet = true }.Launch(start, null);
        await machine.ResumeAsync(StartMode.Warm, NewIdentity.Request(hostName: ""), start, null, cancellationToken).ConfigureAwait(false);
        await RunAsync(machine, ["true"], cancellationToken).ConfigureAwait(false);
        await machine.NoteWorkingSetAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task RunAsync(Machine machine, string[] command, CancellationToken cancellationToken) =>
        await machine.ExecAsync(new RunRequest { Environment = options.Environment, Command = command }, cancellationToken: cancellationToken).ConfigureAwait(false);
}
