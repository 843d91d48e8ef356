using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;

namespace Pyro.Environments;

/// <summary>
/// A digest of a disk image that costs what the image holds, not what it spans: SHA-256 over the length and over each
/// 64 KiB block that is not all zeros, preceded by its offset (both as 64-bit little-endian). Whether zeros are holes
/// or written out makes no difference, so a copy has the digest of the original.
/// </summary>
internal static class SparseDigest
{
    internal const string Prefix = "sparse-sha256:";

    private const int BlockSize = 64 * 1024;

    /// <summary>Reads the file once, skipping its holes.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal static string Compute(string path, CancellationToken cancellationToken)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        long length = RandomAccess.GetLength(file);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, length);
        hash.AppendData(number);

        byte[] block = new byte[BlockSize];
        long offset = 0;
        while (offset < length && (offset = NextData(file, offset)) >= 0)
        {
            offset -= offset % BlockSize;
            cancellationToken.ThrowIfCancellationRequested();
            Span<byte> data = block.AsSpan(0, ReadFully(file, block, offset));
            if (data.IsEmpty)
                throw new IOException($"{path} became shorter while it was read");
            if (data.ContainsAnyExcept((byte)0))
            {
                BinaryPrimitives.WriteInt64LittleEndian(number, offset);
                hash.AppendData(number);
                hash.AppendData(data);
            }
            offset += BlockSize;
        }
        return Prefix + Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static int ReadFully(SafeFileHandle file, byte[] block, long offset)
    {
        int done = 0;
        while (done < block.Length)
        {
            int count = RandomAccess.Read(file, block.AsSpan(done), offset + done);
            if (count == 0)
                break;
            done += count;
        }
        return done;
    }

    // -1 where only a hole follows. A file system that knows no holes answers with the offset itself.
    private static long NextData(SafeFileHandle file, long offset) =>
        Libc.lseek(file, offset, Uapi.SEEK_DATA) is >= 0 and long data ? data : -1;
}
