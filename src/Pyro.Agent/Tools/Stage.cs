using Pyro.Agent.Native;
using Pyro.Protocol;
using Pyro.Trees;

namespace Pyro.Agent.Tools;

/// <summary>
/// A folder of one tool beside the root, on its file system, in which all that it brings is made before any of it is moved.
/// The tool holds a lock on it while it lives: whoever can take that lock has found what a killed tool left, and undoes it.
/// </summary>
internal sealed class Stage : IDisposable
{
    private const int OpenDirectory = TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY;

    private readonly WorkRoot _root;
    private readonly int _beside;
    private readonly byte[] _nameZ;
    private int _all;
    private int _folder;
    private bool _changing;

    private Stage(WorkRoot root, int beside, int all, int folder, byte[] nameZ)
    {
        _root = root;
        _beside = beside;
        _all = all;
        _folder = folder;
        _nameZ = nameZ;
    }

    private static ReadOnlySpan<byte> AllName => ".pyro\0"u8;

    /// <summary>The descriptor of the folder.</summary>
    public int Folder => _folder;

    /// <summary>Makes one, and undoes before what killed tools left.</summary>
    public static Stage Create(WorkRoot root)
    {
        int beside = OpenBeside(root);
        int all = OpenAll(beside, make: true);
        Recover(root, all);
        byte[] nameZ = Sys.Utf8(Libc.getpid() + "-" + Sys.Now());
        Check(TreeCalls.MakeDirectory(all, nameZ, 0x1c0));
        int folder = TreeCalls.Open(all, nameZ, OpenDirectory);
        Check(folder);
        Check(TreeCalls.Lock(folder, TreeCalls.LOCK_EX));
        Unlock(all);
        if (TreeCalls.Status(folder, out FileStatus mine) == 0 && TreeCalls.Status(root.Directory, out FileStatus theirs) == 0 && mine.Device != theirs.Device)
            throw new TreeException(ToolFailure.SystemError, root.Path, "is a file system of its own, into which nothing can be moved");
        return new Stage(root, beside, all, folder, nameZ);
    }

    /// <summary>Undoes what killed tools left, for tools that only read.</summary>
    public static void Recover(WorkRoot root)
    {
        int beside = OpenBeside(root);
        int all = OpenAll(beside, make: false);
        if (all >= 0)
        {
            Recover(root, all);
            // Where nobody works it goes.
            _ = TreeCalls.RemoveDirectory(beside, AllName);
            TreeCalls.Close(ref all);
        }

        TreeCalls.Close(ref beside);
    }

    /// <summary>Has the tree changed, all of it or nothing, by one tool at a time.</summary>
    public void Apply(Action<Journal> change)
    {
        Check(TreeCalls.Lock(_all, TreeCalls.LOCK_EX));
        var journal = new Journal(_root, _folder);
        _changing = true;
        try
        {
            change(journal);
            journal.Commit();
            _changing = false;
        }
        catch
        {
            journal.Undo();
            _changing = false;
            throw;
        }
        finally
        {
            Unlock(_all);
        }
    }

    public void Dispose()
    {
        // What could not be undone is not lost: the next tool tries again.
        if (_changing)
            return;
        Remove(_folder);
        _ = TreeCalls.Lock(_all, TreeCalls.LOCK_EX);
        _ = TreeCalls.RemoveDirectory(_all, _nameZ);
        TreeCalls.Close(ref _folder);
        _ = TreeCalls.RemoveDirectory(_beside, AllName);
        TreeCalls.Close(ref _all);
    }

    private static int OpenBeside(WorkRoot root)
    {
        string parent = root.Path[..Math.Max(root.Path.TrimEnd('/').LastIndexOf('/'), 0)];
        int beside = TreeCalls.OpenPath(Sys.Utf8(parent + "/"), TreeCalls.O_PATH | TreeCalls.O_DIRECTORY);
        Check(beside);
        return beside;
    }

    // The folder of all tools, with its lock held. It goes with the last tool, so a lock may be one of what is gone.
    private static int OpenAll(int beside, bool make)
    {
        while (true)
        {
            int all = TreeCalls.Open(beside, AllName, OpenDirectory);
            if (all == -Errno.ENOENT)
            {
                if (!make)
                    return -1;
                int made = TreeCalls.MakeDirectory(beside, AllName, 0x1c0);
                if (made != -Errno.EEXIST)
                    Check(made);
                continue;
            }

            Check(all);
            Check(TreeCalls.Lock(all, TreeCalls.LOCK_EX));
            if (TreeCalls.Status(all, out FileStatus held) == 0 && TreeCalls.Status(beside, AllName, out FileStatus named) == 0 && held.Inode == named.Inode)
                return all;
            TreeCalls.Close(ref all);
        }
    }

    private static void Recover(WorkRoot root, int all)
    {
        int listing = TreeCalls.Open(all, ".\0"u8, OpenDirectory);
        foreach ((byte[] nameZ, _) in DirectoryReader.Read(listing, AllName))
        {
            int folder = TreeCalls.Open(all, nameZ, OpenDirectory);
            if (folder >= 0 && TreeCalls.Lock(folder, TreeCalls.LOCK_EX | TreeCalls.LOCK_NB) == 0)
            {
                if (TreeCalls.Status(folder, "journal\0"u8, out _) == 0)
                    new Journal(root, folder).Undo();
                Remove(folder);
                _ = TreeCalls.RemoveDirectory(all, nameZ);
            }

            TreeCalls.Close(ref folder);
        }

        TreeCalls.Close(ref listing);
    }

    // What cannot be removed stays, and is tried again by the next tool.
    private static void Remove(int directory)
    {
        int listing = TreeCalls.Open(directory, ".\0"u8, OpenDirectory);
        if (listing < 0)
            return;
        foreach ((byte[] nameZ, FileKind kind) in DirectoryReader.Read(listing, AllName))
        {
            if (kind != FileKind.Directory && TreeCalls.Unlink(directory, nameZ) != -Errno.EISDIR)
                continue;
            int inner = TreeCalls.Open(directory, nameZ, OpenDirectory);
            if (inner >= 0)
                Remove(inner);
            TreeCalls.Close(ref inner);
            _ = TreeCalls.RemoveDirectory(directory, nameZ);
        }

        TreeCalls.Close(ref listing);
    }

    private static void Unlock(int all) => _ = TreeCalls.Lock(all, TreeCalls.LOCK_UN);

    private static void Check(int result)
    {
        if (result < 0)
            throw TreeException.FromErrno(-result, AllName);
    }
}
