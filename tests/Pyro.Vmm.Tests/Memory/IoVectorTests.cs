using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Tests.Memory;

public sealed class IoVectorTests
{
    [Fact]
    public void Any_cut_holds_the_bytes_it_should()
    {
        Random random = new(1);
        for (int round = 0; round < 5000; round++)
        {
            // A vector's bytes stand for themselves: byte number n has address n, with gaps between vectors.
            List<IoVector> vectors = [];
            List<nint> addresses = [];
            nint at = 1000;
            for (int i = random.Next(0, 6); i > 0; i--)
            {
                int length = random.Next(0, 5);
                vectors.Add(new IoVector(at, (nuint)length));
                for (int b = 0; b < length; b++)
                    addresses.Add(at + b);
                at += length + 1 + random.Next(0, 3);
            }

            int offset = random.Next(0, addresses.Count + 2);
            int wanted = random.Next(0, addresses.Count + 2);
            List<nint> expected = addresses.Skip(offset).Take(wanted).ToList();
            IoVector[] into = new IoVector[vectors.Count];

            int count = IoVector.Slice(vectors.ToArray(), (ulong)offset, (ulong)wanted, into);
            Assert.Equal(expected, Bytes(into.AsSpan(0, count)));

            IoVectorCursor cursor = new(vectors.ToArray());
            cursor.Take((ulong)offset, into);
            Assert.Equal(expected, Bytes(cursor.Take((ulong)wanted, into)));
        }
    }

    private static List<nint> Bytes(ReadOnlySpan<IoVector> vectors)
    {
        List<nint> bytes = [];
        foreach (IoVector vector in vectors)
        {
            Assert.NotEqual((nuint)0, vector.Length);
            for (nuint i = 0; i < vector.Length; i++)
                bytes.Add(vector.Base + (nint)i);
        }

        return bytes;
    }
}
