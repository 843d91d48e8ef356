using Pyro.Protocol;

namespace Pyro.Trees.Tar;

/// <summary>Numbers as archives write them.</summary>
internal static class TarNumber
{
    private const byte Binary = 0x80;

    /// <summary>A header's field: octal digits, or GNU's binary form where they are too few.</summary>
    /// <exception cref="TreeException">It is neither, or too large.</exception>
    internal static long Parse(ReadOnlySpan<byte> field)
    {
        if ((field[0] & Binary) != 0)
            return ParseBinary(field);

        long value = 0;
        foreach (byte digit in field.Trim((byte)' ').TrimEnd((byte)0).TrimEnd((byte)' '))
        {
            if (digit == 0)
                break;
            if (digit is < (byte)'0' or > (byte)'7' || value > long.MaxValue >> 3)
                throw Damaged("holds a number that is none");
            value = (value << 3) | (uint)(digit - '0');
        }

        return value;
    }

    /// <summary>Decimal digits, all of them.</summary>
    internal static long ParseDecimal(ReadOnlySpan<byte> text)
    {
        long value = 0;
        if (text.IsEmpty)
            throw Damaged("holds a number that is none");
        foreach (byte digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9' || value > (long.MaxValue - 9) / 10)
                throw Damaged("holds a number that is none");
            value = (value * 10) + (digit - '0');
        }

        return value;
    }

    /// <summary>Seconds with a fraction, as nanoseconds.</summary>
    internal static long ParseTime(ReadOnlySpan<byte> text)
    {
        bool negative = text.StartsWith("-"u8);
        if (negative)
            text = text[1..];
        int dot = text.IndexOf((byte)'.');
        long seconds = ParseDecimal(dot < 0 ? text : text[..dot]);
        long nanoseconds = 0;
        ReadOnlySpan<byte> fraction = dot < 0 ? default : text[(dot + 1)..];
        for (int i = 0; i < 9; i++)
            nanoseconds = (nanoseconds * 10) + (i < fraction.Length ? ParseDecimal(fraction.Slice(i, 1)) : 0);
        if (seconds > long.MaxValue / 1_000_000_000 - 1)
            throw Damaged("holds a time beyond all times");
        long time = (seconds * 1_000_000_000) + nanoseconds;
        return negative ? -time : time;
    }

    /// <summary>Writes a header's field.</summary>
    internal static void Write(Span<byte> field, long value)
    {
        int digits = field.Length - 1;
        if (value < 0 || value >= 1L << (3 * digits))
        {
            for (int i = field.Length - 1; i >= 0; i--)
            {
                field[i] = (byte)value;
                value >>= 8;
            }

            field[0] |= Binary;
            return;
        }

        field[digits] = 0;
        for (int i = digits - 1; i >= 0; i--)
        {
            field[i] = (byte)('0' + (value & 7));
            value >>= 3;
        }
    }

    internal static TreeException Damaged(string reason) => new(ToolFailure.ArchiveDamaged, "", "the archive " + reason);

    // Two's complement, whose sign is the second bit of the first byte.
    private static long ParseBinary(ReadOnlySpan<byte> field)
    {
        long value = (field[0] & 0x40) != 0 ? -1 : 0;
        value = (value << 6) | (uint)(field[0] & 0x3f);
        foreach (byte b in field[1..])
        {
            if (value is > long.MaxValue >> 8 or < long.MinValue >> 8)
                throw Damaged("holds a number beyond all sizes");
            value = (value << 8) | b;
        }

        return value;
    }
}
