using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;
using Pyro.Vmm.Boot;

namespace Pyro.Vmm.Tests.Boot;

public sealed class BzImageTests
{
    private static readonly byte[] s_kernel = TinyElf.Build(Enumerable.Range(0, 200_000).Select(i => (byte)(i * 31 >> 3)).ToArray());

    [Fact]
    public void Gzip_payload_is_unpacked() => AssertUnpacks(Gzip(s_kernel));

    [Fact]
    public void Stored_payload_is_copied() => AssertUnpacks(s_kernel);

    [Theory]
    [InlineData("xz")]
    [InlineData("zstd")]
    public void Other_payloads_are_unpacked_by_their_tool(string tool) => AssertUnpacks([.. Compress(tool, s_kernel), .. new byte[4]]);

    [Fact]
    public void Payload_outside_the_file_is_refused()
    {
        byte[] image = Image(Gzip(s_kernel));
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(0x24c), uint.MaxValue);
        Assert.Contains("outside the file", Assert.Throws<BootException>(() => Unpack(image)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_gzip_is_refused()
    {
        byte[] packed = Gzip(s_kernel);
        packed.AsSpan(20, 200).Fill(0xaa);
        Assert.Throws<BootException>(() => Unpack(Image(packed)));
    }

    [Fact]
    public void Unknown_compression_is_named()
    {
        Assert.Contains("does not know", Assert.Throws<BootException>(() => Unpack(Image([1, 2, 3, 4, 5, 6, 7, 8]))).Message, StringComparison.Ordinal);
    }

    private static void AssertUnpacks(byte[] payload) => Assert.Equal(s_kernel, Unpack(Image(payload)));

    private static byte[] Image(byte[] payload)
    {
        byte[] image = new byte[1024 + payload.Length];
        image[0x1f1] = 1;
        "HdrS"u8.CopyTo(image.AsSpan(0x202));
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(0x206), 0x020f);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(0x24c), (uint)payload.Length);
        payload.CopyTo(image, 1024);
        return image;
    }

    private static byte[] Unpack(byte[] image)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, image);
            var unpacked = new MemoryStream();
            BzImage.Unpack(path, unpacked);
            return unpacked.ToArray();
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static byte[] Gzip(byte[] data)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(data);
        }

        return packed.ToArray();
    }

    private static byte[] Compress(string tool, byte[] data)
    {
        using Process process = Process.Start(new ProcessStartInfo(tool, "-c") { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Task write = Task.Run(() =>
        {
            process.StandardInput.BaseStream.Write(data);
            process.StandardInput.Close();
        });
        var packed = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(packed);
        write.Wait();
        return packed.ToArray();
    }
}
