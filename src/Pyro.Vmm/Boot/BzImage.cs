using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;

namespace Pyro.Vmm.Boot;

/// <summary>
/// Takes the ELF <c>vmlinux</c> out of a compressed <c>bzImage</c>, so that no guest ever spends its boot on unpacking.
/// </summary>
/// <remarks>Documentation/arch/x86/boot.rst: <c>payload_offset</c> and <c>payload_length</c>, protocol 2.08 and later.</remarks>
public static class BzImage
{
    private const int SetupSectors = 0x1f1;
    private const int HeaderMagic = 0x202;
    private const int ProtocolVersion = 0x206;
    private const int PayloadOffset = 0x248;
    private const int PayloadLength = 0x24c;
    private const int HeaderEnd = 0x250;
    private const long MaxUnpacked = 1L << 30;

    /// <summary>Whether the file starts like a bzImage.</summary>
    public static bool IsBzImage(ReadOnlySpan<byte> start) =>
        start.Length >= HeaderEnd && start.Slice(HeaderMagic, 4).SequenceEqual("HdrS"u8);

    /// <summary>Unpacks the kernel inside <paramref name="path"/> into <paramref name="target"/>.</summary>
    /// <exception cref="BootException">No payload, an unknown compression, or its unpacker is not installed.</exception>
    public static void Unpack(string path, Stream target)
    {
        byte[] image = File.ReadAllBytes(path);
        if (!IsBzImage(image))
        {
            throw new BootException($"{path}: neither a vmlinux nor a bzImage.");
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(ProtocolVersion)) < 0x0208)
        {
            throw new BootException($"{path}: a bzImage of a boot protocol before 2.08, which does not say where its kernel is.");
        }

        int sectors = image[SetupSectors] == 0 ? 4 : image[SetupSectors];
        ulong start = (ulong)(sectors + 1) * 512 + BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(PayloadOffset));
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(PayloadLength));
        if (start + length > (ulong)image.Length || length < 8)
        {
            throw new BootException($"{path}: its payload of {length} bytes at {start} lies outside the file. The kernel is damaged.");
        }

        var payload = new ReadOnlyMemory<byte>(image, (int)start, (int)length);
        UnpackPayload(path, payload, target);
    }

    private static void UnpackPayload(string path, ReadOnlyMemory<byte> payload, Stream target)
    {
        ReadOnlySpan<byte> magic = payload.Span[..6];
        if (magic.StartsWith((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F']))
        {
            target.Write(payload.Span);
        }
        else if (magic.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]))
        {
            try
            {
                using var gzip = new GZipStream(new MemoryStream(payload.ToArray()), CompressionMode.Decompress);
                CopyBounded(path, gzip, target);
            }
            catch (InvalidDataException e)
            {
                throw new BootException($"{path}: its gzip payload is damaged: {e.Message}");
            }
        }
        else
        {
            // The other formats have no managed decoder in the base library; Debian's tools are the well-kept ones.
            string[] tool = magic switch
            {
                [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0] => ["xz", "-dc", "--single-stream"],
                [0x28, 0xb5, 0x2f, 0xfd, ..] => ["zstd", "-dcq"],
                [0x02, 0x21, 0x4c, 0x18, ..] => ["lz4", "-dcq"],
                [(byte)'B', (byte)'Z', (byte)'h', ..] => ["bzip2", "-dc"],
                [0x5d, 0, 0, ..] => ["xz", "--format=lzma", "-dc"],
                _ => throw new BootException($"{path}: its kernel is compressed in a way this program does not know (starts with {Convert.ToHexString(magic)})."),
            };
            UnpackWith(tool, path, payload, target);
        }
    }

    private static void UnpackWith(string[] tool, string path, ReadOnlyMemory<byte> payload, Stream target)
    {
        var start = new ProcessStartInfo(tool[0]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in tool.AsSpan(1))
        {
            start.ArgumentList.Add(argument);
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new BootException($"{path}: needs '{tool[0]}' to unpack its kernel. Install it (apt-get install {tool[0]}), or give a vmlinux.");
        }

        using (process)
        {
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            var feeder = new Thread(() => Feed(process.StandardInput.BaseStream, payload));
            feeder.Start();
            long unpacked = CopyBounded(path, process.StandardOutput.BaseStream, target);
            feeder.Join();
            process.WaitForExit();

            // The payload is followed by its unpacked size, which some tools take for damage: what counts is that a kernel came out.
            if (unpacked == 0)
            {
                throw new BootException($"{path}: '{tool[0]}' could not unpack its kernel. The kernel is damaged.");
            }
        }
    }

    private static void Feed(Stream input, ReadOnlyMemory<byte> payload)
    {
        try
        {
            input.Write(payload.Span);
            input.Dispose();
        }
        catch (IOException)
        {
            // The tool stopped reading: at the end of the compressed stream, or because it is damaged. Its output tells which.
        }
    }

    private static long CopyBounded(string path, Stream source, Stream target)
    {
        byte[] buffer = new byte[128 * 1024];
        long total = 0;
        int read;
        while ((read = source.Read(buffer)) > 0)
        {
            total += read;
            if (total > MaxUnpacked)
            {
                throw new BootException($"{path}: unpacks to more than {MaxUnpacked >> 20} MiB. The kernel is damaged.");
            }

            target.Write(buffer, 0, read);
        }

        return total;
    }
}
