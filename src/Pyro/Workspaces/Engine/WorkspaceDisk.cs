using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Vmm.Disks;

namespace Pyro.Workspaces.Engine;

/// <summary>The layers of a workspace's disk.</summary>
internal static class WorkspaceDisk
{
    /// <summary>A layer's name that no layer has.</summary>
    internal static string NextLayer(WorkspaceFolder folder)
    {
        int highest = 0;
        foreach (string file in Directory.EnumerateFiles(folder.Layers))
        {
            if (int.TryParse(Path.GetFileName(file), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > highest)
                highest = number;
        }

        return (highest + 1).ToString("d4", CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// The layers that hold a workspace's disk. A snapshot announces the machine's next layer in the record before it
    /// asks for it; whether the machine got there is told by the layer before: it is frozen then.
    /// </summary>
    /// <exception cref="PyroException">A layer is missing or damaged.</exception>
    internal static IReadOnlyList<string> Settle(WorkspaceFolder folder, IReadOnlyList<string> layers) => Guard(folder, () =>
    {
        int count = layers.Count;
        while (count > 1 && !IsFrozen(folder, layers[count - 2]))
            count--;
        return (IReadOnlyList<string>)[.. layers.Take(count)];
    });

    /// <summary>
    /// Reads the record, without a layer that was announced and never got to: a snapshot may have been given up before the
    /// machine was asked for it, and the next one must not take that layer for a part of the disk. The caller holds the lock.
    /// </summary>
    /// <exception cref="PyroException">The record or a layer is missing or damaged.</exception>
    internal static WorkspaceRecord LoadSettled(WorkspaceFolder folder)
    {
        WorkspaceRecord record = folder.Load();
        IReadOnlyList<string> settled = Settle(folder, record.Layers);
        if (settled.Count == record.Layers.Count)
            return record;
        record = record with { Layers = settled };
        folder.Save(record);
        return record;
    }

    /// <summary>Makes the top layer of a stopped workspace one that never changes again.</summary>
    /// <exception cref="PyroException">A layer is missing or damaged, or the disk is full.</exception>
    internal static void Freeze(WorkspaceFolder folder, IReadOnlyList<string> layers) => Guard(folder, () =>
    {
        using OverlayDisk top = Open(folder, layers, readOnly: false);
        top.Freeze();
        return true;
    });

    /// <summary>Opens a stopped workspace's disk as its guest sees it.</summary>
    /// <param name="folder">The workspace.</param>
    /// <param name="layers">Its layers, settled. The last one may not be there yet.</param>
    /// <param name="readOnly">Whether the last layer is only read.</param>
    /// <exception cref="DiskException">A layer is damaged.</exception>
    /// <exception cref="IOException">A layer is missing.</exception>
    internal static OverlayDisk Open(WorkspaceFolder folder, IReadOnlyList<string> layers, bool readOnly)
    {
        IDiskBackend disk = new RawDisk(PrivateFile.Open(folder.Image), "the image", readOnly: true);
        try
        {
            for (int i = 0; i < layers.Count; i++)
            {
                bool isLast = i == layers.Count - 1;
                SafeFileHandle file = PrivateFile.Open(folder.LayerPath(layers[i]), write: isLast, create: isLast);
                disk = isLast && RandomAccess.GetLength(file) == 0
                    ? OverlayDisk.Create(file, $"layer {layers[i]}", disk)
                    : OverlayDisk.Open(file, $"layer {layers[i]}", disk, readOnly: readOnly || !isLast);
            }

            return (OverlayDisk)disk;
        }
        catch
        {
            disk.Dispose();
            throw;
        }
    }

    /// <summary>Opens a stopped workspace's disk to look at it.</summary>
    /// <exception cref="PyroException">A layer is missing or damaged.</exception>
    internal static OverlayDisk OpenStopped(WorkspaceFolder folder, IReadOnlyList<string> layers)
    {
        List<string> settled = [.. Settle(folder, layers)];
        // A layer that no machine has got to yet holds nothing.
        var live = new FileInfo(folder.LayerPath(settled[^1]));
        if (settled.Count > 1 && (!live.Exists || live.Length == 0))
            settled.RemoveAt(settled.Count - 1);
        return Open(folder, settled, readOnly: true);
    }

    /// <summary>Removes layers that neither the disk nor a snapshot is made of.</summary>
    internal static void RemoveUnused(WorkspaceFolder folder, WorkspaceRecord record, IEnumerable<SnapshotRecord> snapshots)
    {
        HashSet<string> used = [.. record.Layers, .. snapshots.SelectMany(static s => s.Layers)];
        foreach (string file in Directory.EnumerateFiles(folder.Layers))
        {
            if (!used.Contains(Path.GetFileName(file)))
                File.Delete(file);
        }
    }

    private static bool IsFrozen(WorkspaceFolder folder, string layer)
    {
        using SafeFileHandle file = PrivateFile.Open(folder.LayerPath(layer));
        return OverlayDisk.IsFrozenLayer(file, $"layer {layer}");
    }

    private static T Guard<T>(WorkspaceFolder folder, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is DiskException or IOException)
        {
            throw new PyroException(
                ErrorCodes.WorkspaceDamaged,
                $"the disk of workspace {folder.Id} cannot be opened: {e.Message}",
                "Reset it to a snapshot, or delete it.",
                e);
        }
    }
}
