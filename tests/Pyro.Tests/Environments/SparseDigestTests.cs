using Pyro.Environments;

namespace Pyro.Tests.Environments;

public sealed class SparseDigestTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Holes_and_written_zeros_have_the_same_digest()
    {
        string sparse = Write("sparse", 3 << 20, (1 << 20, 7));
        string full = _folder.File("full");
        byte[] bytes = new byte[3 << 20];
        bytes[1 << 20] = 7;
        File.WriteAllBytes(full, bytes);

        Assert.Equal(Digest(full), Digest(sparse));
        Assert.StartsWith("sparse-sha256:", Digest(sparse), StringComparison.Ordinal);
    }

    [Fact]
    public void A_byte_its_place_and_the_length_all_matter()
    {
        string[] digests =
        [
            Digest(Write("a", 1 << 20)),
            Digest(Write("b", (1 << 20) + 1)),
            Digest(Write("c", 1 << 20, (0, 1))),
            Digest(Write("d", 1 << 20, (0, 2))),
            Digest(Write("e", 1 << 20, (65536, 1))),
            Digest(Write("f", 1 << 20, ((1 << 20) - 1, 1))),
            Digest(Write("g", 0)),
        ];

        Assert.Equal(digests.Length, digests.Distinct().Count());
    }

    [Fact]
    public void A_large_hole_costs_nothing()
    {
        string path = Write("large", 1L << 40, ((1L << 40) - 1, 9));

        Assert.NotEqual(Digest(Write("other", 1L << 40)), Digest(path));
    }

    public void Dispose() => _folder.Dispose();

    private static string Digest(string path) => SparseDigest.Compute(path, CancellationToken.None);

    private string Write(string name, long length, params (long Offset, byte Value)[] bytes)
    {
        string path = _folder.File(name);
        using FileStream file = File.Create(path);
        file.SetLength(length);
        foreach ((long offset, byte value) in bytes)
        {
            file.Position = offset;
            file.WriteByte(value);
        }
        return path;
    }
}
