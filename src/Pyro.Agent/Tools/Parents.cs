using Pyro.Agent.Native;
using Pyro.Trees;

namespace Pyro.Agent.Tools;

/// <summary>Makes the directories on the way to a file.</summary>
internal static class Parents
{
    private static int s_made;

    /// <summary>Makes those that are missing, each in the stage first, so that they are undone with the rest.</summary>
    /// <exception cref="TreeException">One is there and no directory, or leads out.</exception>
    public static void Make(WorkRoot root, Stage stage, Journal journal, byte[] pathZ)
    {
        for (int slash = pathZ.AsSpan().IndexOf((byte)'/'); slash > 0; slash = Next(pathZ, slash))
        {
            byte[] folderZ = [.. pathZ.AsSpan(0, slash), 0];
            int folder = TreeCalls.OpenBeneath(root.Directory, folderZ, TreeCalls.O_PATH | TreeCalls.O_DIRECTORY);
            if (folder == -Errno.ENOENT)
                MakeOne(root, stage, journal, folderZ);
            else if (folder < 0)
                throw WorkRoot.Failure(-folder, folderZ);
            TreeCalls.Close(ref folder);
        }
    }

    /// <summary>Makes one directory whose parent is there.</summary>
    public static void MakeOne(WorkRoot root, Stage stage, Journal journal, byte[] pathZ, ushort mode = 0x1ed)
    {
        byte[] stagedZ = Sys.Utf8("folder" + s_made++);
        int result = TreeCalls.MakeDirectory(stage.Folder, stagedZ, mode);
        if (result < 0)
            throw TreeException.FromErrno(-result, pathZ);
        root.Resolve(pathZ, follow: false, out int parent, out byte[] nameZ);
        if (parent < 0)
            throw TreeException.FromErrno(Errno.ENOENT, pathZ);
        journal.Place(parent, nameZ, pathZ, stage.Folder, stagedZ, stagedZ);
        TreeCalls.Close(ref parent);
    }

    private static int Next(byte[] pathZ, int slash)
    {
        int next = pathZ.AsSpan(slash + 1).IndexOf((byte)'/');
        return next < 0 ? -1 : slash + 1 + next;
    }
}
