using Pyro.Trees;

namespace Pyro.Workspaces.Files;

/// <summary>Descriptors of the folders on the way to the current file, none of them reached through a link.</summary>
/// <param name="root">Where paths begin; closed in the end.</param>
internal sealed class FolderCache(int root) : IDisposable
{
    private readonly List<(int Folder, int Length)> _levels = [];
    private byte[] _current = [];
    private int _root = root;

    /// <summary>Told of each folder that is entered for the first time.</summary>
    /// <param name="status">What it is.</param>
    /// <param name="length">How much of the path names it.</param>
    internal delegate void Entered(in FileStatus status, int length);

    /// <summary>Goes to a folder.</summary>
    /// <returns>Its descriptor, good until the next call; negative if it is not there.</returns>
    internal int Enter(ReadOnlySpan<byte> path, Entered entered)
    {
        while (_levels.Count > 0 && !IsBelow(path, _current.AsSpan(0, _levels[^1].Length)))
            Leave();
        int length = _levels.Count == 0 ? 0 : _levels[^1].Length;
        if (length == path.Length)
            return _levels.Count == 0 ? _root : _levels[^1].Folder;

        _current = path.ToArray();
        while (length < path.Length)
        {
            int start = length == 0 ? 0 : length + 1;
            int slash = path[start..].IndexOf((byte)'/');
            length = slash < 0 ? path.Length : start + slash;
            byte[] nameZ = [.. path[start..length], 0];
            int folder = TreeCalls.Open(_levels.Count == 0 ? _root : _levels[^1].Folder, nameZ, TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY);
            if (folder < 0)
                return folder;
            _levels.Add((folder, length));
            if (TreeCalls.Status(folder, out FileStatus status) == 0)
                entered(status, length);
        }

        return _levels[^1].Folder;
    }

    public void Dispose()
    {
        while (_levels.Count > 0)
            Leave();
        TreeCalls.Close(ref _root);
    }

    private void Leave()
    {
        int folder = _levels[^1].Folder;
        TreeCalls.Close(ref folder);
        _levels.RemoveAt(_levels.Count - 1);
    }

    private static bool IsBelow(ReadOnlySpan<byte> path, ReadOnlySpan<byte> folder)
        => path.StartsWith(folder) && (path.Length == folder.Length || path[folder.Length] == '/');
}
