namespace Pyro;

/// <summary>The values of <see cref="PyroException.Code"/>. They are part of the public contract.</summary>
public static class ErrorCodes
{
    /// <summary>An argument is outside what is allowed.</summary>
    public const string InvalidArgument = "invalid_argument";

    /// <summary>There is no <c>/dev/kvm</c>.</summary>
    public const string KvmNotFound = "kvm_not_found";

    /// <summary>The user may not open <c>/dev/kvm</c>.</summary>
    public const string KvmNoPermission = "kvm_no_permission";

    /// <summary>The machine's KVM is emulated in software and cannot run a Linux kernel.</summary>
    public const string KvmSoftwareOnly = "kvm_software_only";

    /// <summary>KVM is there and failed.</summary>
    public const string KvmFailed = "kvm_failed";

    /// <summary>There is no guest kernel.</summary>
    public const string KernelNotFound = "kernel_not_found";

    /// <summary>The guest kernel is not one, or is damaged.</summary>
    public const string KernelDamaged = "kernel_damaged";

    /// <summary>There is no guest agent.</summary>
    public const string AgentNotFound = "agent_not_found";

    /// <summary>A program that uses the SDK does not find the <c>pyro</c> executable, which runs the machines.</summary>
    public const string ExecutableNotFound = "executable_not_found";

    /// <summary>The guest agent did not come up, or talks another protocol.</summary>
    public const string AgentFailed = "agent_failed";

    /// <summary>The named environment is not installed or not known.</summary>
    public const string EnvironmentNotFound = "environment_not_found";

    /// <summary>The environment's files are damaged.</summary>
    public const string EnvironmentDamaged = "environment_damaged";

    /// <summary>The environment could not be made.</summary>
    public const string EnvironmentBuildFailed = "environment_build_failed";

    /// <summary>Another process is working on the environment.</summary>
    public const string EnvironmentBusy = "environment_busy";

    /// <summary>A program that Pyro calls is not installed.</summary>
    public const string ToolMissing = "tool_missing";

    /// <summary>The machine could not be built or booted.</summary>
    public const string BootFailed = "boot_failed";

    /// <summary>A snapshot could not be written, or cannot be gone on from.</summary>
    public const string SnapshotFailed = "snapshot_failed";

    /// <summary>A running machine could not be forked; it goes on.</summary>
    public const string ForkFailed = "fork_failed";

    /// <summary>The machine ended before its command did.</summary>
    public const string MachineDied = "machine_died";

    /// <summary>The machine reached the end of its time to live.</summary>
    public const string TtlExpired = "ttl_expired";

    /// <summary>The guest refused or failed the command before it started.</summary>
    public const string ExecFailed = "exec_failed";

    /// <summary>The host has not enough memory for the machine.</summary>
    public const string OutOfMemory = "out_of_memory";

    /// <summary>No workspace has this id or name, or more than one has.</summary>
    public const string WorkspaceNotFound = "workspace_not_found";

    /// <summary>Another workspace has this name.</summary>
    public const string WorkspaceExists = "workspace_exists";

    /// <summary>The workspace's machine does not run.</summary>
    public const string WorkspaceStopped = "workspace_stopped";

    /// <summary>The workspace's machine runs.</summary>
    public const string WorkspaceRunning = "workspace_running";

    /// <summary>No machine has this id.</summary>
    public const string VmNotFound = "vm_not_found";

    /// <summary>The machine does not run.</summary>
    public const string VmStopped = "vm_stopped";

    /// <summary>Another process changes the workspace.</summary>
    public const string WorkspaceBusy = "workspace_busy";

    /// <summary>The workspace's record or disk cannot be read.</summary>
    public const string WorkspaceDamaged = "workspace_damaged";

    /// <summary>The workspace has no snapshot of this name.</summary>
    public const string SnapshotNotFound = "snapshot_not_found";

    /// <summary>The workspace has a snapshot of this name already.</summary>
    public const string SnapshotExists = "snapshot_exists";

    /// <summary>A file or folder of Pyro's own cannot be made, read or trusted.</summary>
    public const string FolderFailed = "folder_failed";

    /// <summary>A path, or a link on its way, leads out of the workspace.</summary>
    public const string PathOutsideWorkspace = "path_outside_workspace";

    /// <summary>There is no such file or folder.</summary>
    public const string NotFound = "not_found";

    /// <summary>A folder where a file is wanted.</summary>
    public const string IsDirectory = "is_directory";

    /// <summary>Something else where a folder is wanted.</summary>
    public const string NotDirectory = "not_directory";

    /// <summary>Neither file nor folder: a device, a socket, a pipe.</summary>
    public const string NotRegular = "not_regular";

    /// <summary>The file is not UTF-8 text.</summary>
    public const string NotText = "not_text";

    /// <summary>More than Pyro handles at once.</summary>
    public const string TooLarge = "too_large";

    /// <summary>Something is there where nothing should be.</summary>
    public const string Exists = "exists";

    /// <summary>A file is not any more as it was when it was read.</summary>
    public const string FileChanged = "file_changed";

    /// <summary>The guest's disk is full.</summary>
    public const string DiskFull = "disk_full";

    /// <summary>A source holds what cannot be brought into a workspace; nothing of it was.</summary>
    public const string SyncRefused = "sync_refused";

    /// <summary>An export cannot be written to where it should go; nothing was.</summary>
    public const string ExportRefused = "export_refused";

    /// <summary>Work on files in the guest failed.</summary>
    public const string FileFailed = "file_failed";

    /// <summary>The text is no unified diff that can be read.</summary>
    public const string PatchInvalid = "patch_invalid";

    /// <summary>The patch does not fit the files as they are; nothing was changed.</summary>
    public const string PatchRejected = "patch_rejected";

    /// <summary>What changed in a workspace could not be told.</summary>
    public const string DiffFailed = "diff_failed";

    /// <summary>Something that Pyro did not expect; a defect.</summary>
    public const string Internal = "internal";
}
