namespace Pyro.Vmm.Memory;

/// <summary>Goes through vectors from front to back, cutting off one range after another.</summary>
public ref struct IoVectorCursor(ReadOnlySpan<IoVector> vectors)
{
    private ReadOnlySpan<IoVector> _rest = vectors;
    private ulong _offset;

    /// <summary>Cuts off the next bytes.</summary>
    /// <param name="length">Bytes; fewer if no more are left.</param>
    /// <param name="into">Room for the cut: as many vectors as the whole has.</param>
    /// <returns>The part of <paramref name="into"/> that is the cut.</returns>
    public ReadOnlySpan<IoVector> Take(ulong length, Span<IoVector> into)
    {
        int count = 0;
        while (length != 0 && !_rest.IsEmpty)
        {
            IoVector vector = _rest[0];
            ulong take = Math.Min(vector.Length - _offset, length);
            if (take != 0)
                into[count++] = new IoVector(vector.Base + (nint)_offset, (nuint)take);
            length -= take;
            _offset += take;
            if (_offset == vector.Length)
            {
                _rest = _rest[1..];
                _offset = 0;
            }
        }

        return into[..count];
    }
}
