using System.CommandLine;

namespace Pyro.Cli.Commands;

/// <summary><c>pyro workspace</c>: persistent machines.</summary>
internal static class WorkspaceCommand
{
    internal const string Name = "workspace";

    internal static Command Build() => new(Name, "Persistent machines to work in: make, run, save, put back.")
    {
        WorkspaceLifecycleCommands.Create(),
        WorkspaceLifecycleCommands.List(),
        WorkspaceLifecycleCommands.Status(),
        WorkspaceLifecycleCommands.Update(),
        WorkspaceLifecycleCommands.Start(),
        WorkspaceLifecycleCommands.Stop(),
        WorkspaceLifecycleCommands.Delete(),
        WorkspaceExecCommands.Exec(),
        WorkspaceExecCommands.Logs(),
        WorkspaceDiskCommands.Summary(),
        WorkspaceTransferCommands.Sync(),
        WorkspaceTransferCommands.Export(),
        WorkspaceFileCommands.File(),
        WorkspaceFileCommands.Diff(),
        WorkspaceFileCommands.Patch(),
        WorkspaceSnapshotCommands.Snapshot(),
        WorkspaceSnapshotCommands.Reset(),
        WorkspaceSnapshotCommands.Fork(),
        WorkspaceDiskCommands.Disk(),
    };
}
