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
        long start = Stopwatch.GetTimestamp();
        tell("boot", "");
        await using Machine machine = new MachineLauncher(options, parts, paths) { Kvm = kvm, Save = files }.Launch(start, null);
        await machine.WaitUntilBootedAsync(options, start, null, cancellationToken).ConfigureAwait(false);
        tell("warm_up", "");
        foreach (string[] command in s_commands)
            await machine.ExecAsync(new RunRequest { Environment = options.Environment, Command = command }, cancellationToken: cancellationToken).ConfigureAwait(false);
        tell("save", "");
        await machine.SaveAsync(cancellationToken).ConfigureAwait(false);
    }
}
