using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Workspaces.Engine;

/// <summary>Gives a file to a workspace.</summary>
internal static class SparseCopy
{
    private const int PieceBytes = 1 << 20;

    /// <summary>Copies what is not a hole.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    internal static void Copy(SafeFileHandle from, string to)
    {
        using SafeFileHandle target = PrivateFile.Create(to);
        long length = RandomAccess.GetLength(from);
        RandomAccess.SetLength(target, length);
        byte[] piece = new byte[PieceBytes];
        for (long at = 0; (at = Libc.lseek(from, at, Uapi.SEEK_DATA)) >= 0;)
        {
            long end = Libc.lseek(from, at, Uapi.SEEK_HOLE);
            while (at < end)
            {
                int read = RandomAccess.Read(from, piece.AsSpan(0, (int)Math.Min(PieceBytes, end - at)), at);
                if (read == 0)
                    return;
                RandomAccess.Write(target, piece.AsSpan(0, read), at);
                at += read;
            }
        }
    }

    /// <summary>A second name for a file that nobody changes; a copy where the file system has no second names.</summary>
    /// <exception cref="IOException">The disk is full, or the file is gone.</exception>
    internal static void Link(string from, string to)
    {
        if (Libc.linkat(Uapi.AT_FDCWD, from, Uapi.AT_FDCWD, to, 0) == 0)
            return;
        using SafeFileHandle source = File.OpenHandle(from);
        Copy(source, to);
    }
}
