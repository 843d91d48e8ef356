namespace Pyro.Trees.Ext4;

/// <summary>A block device, or an image of one in a file.</summary>
internal sealed class Ext4DeviceFile : IExt4Device
{
    private int _fd;

    /// <summary>Opens it.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="forgetCache">Whether it may have become another one since it was read last.</param>
    /// <exception cref="TreeException">It cannot be opened.</exception>
    internal Ext4DeviceFile(string path, bool forgetCache)
    {
        _fd = TreeCalls.OpenPath([.. System.Text.Encoding.UTF8.GetBytes(path), 0], TreeCalls.O_RDONLY);
        if (_fd < 0)
            throw TreeException.FromErrno(-_fd, path);
        if (forgetCache)
            DeviceCalls.ForgetCache(_fd);
    }

    /// <inheritdoc/>
    public void Read(ulong offset, Span<byte> buffer)
    {
        int count = offset > long.MaxValue ? 0 : DeviceCalls.ReadAt(_fd, buffer, (long)offset);
        if (count < 0)
            throw TreeException.FromErrno(-count, "a file system's device");
        if (count < buffer.Length)
            throw new Ext4Exception("the device is shorter than its file system");
    }

    /// <inheritdoc/>
    public void Dispose() => TreeCalls.Close(ref _fd);
}
