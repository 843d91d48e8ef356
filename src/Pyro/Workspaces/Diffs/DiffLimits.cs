using Pyro.Protocol;

namespace Pyro.Workspaces.Diffs;

/// <summary>How much a diff may hold; what is beyond is said to be.</summary>
internal sealed record DiffLimits
{
    /// <summary>The largest file that is told in the patch, in bytes.</summary>
    internal int FileBytes { get; init; } = 1024 * 1024;

    /// <summary>Content of changed files, old and new, that is looked at, in bytes.</summary>
    internal long ContentBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>The patch, in bytes.</summary>
    internal int PatchBytes { get; init; } = 8 * 1024 * 1024;

    internal int Entries { get; init; } = 50_000;

    /// <summary>What the guest's tool is asked for.</summary>
    internal ChangesRequest Request(string device, string oldDevice)
        => new("workspace", device, oldDevice, "", (uint)FileBytes, (ulong)ContentBytes, (uint)Entries);
}
