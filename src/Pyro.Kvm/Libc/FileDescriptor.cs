using Microsoft.Win32.SafeHandles;

namespace Pyro.Kvm;

/// <summary>An open file descriptor, closed when the handle is disposed.</summary>
public class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    /// <summary>Takes over <paramref name="fd"/>, or makes an invalid handle of -1.</summary>
    public FileDescriptor(int fd)
        : base(ownsHandle: true) => SetHandle(fd);

    /// <summary>The number, for calls that take it inside a struct. Keep the handle alive while it is used.</summary>
    public int Number => (int)handle;

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}
