namespace Pyro.Trees.Tar;

/// <summary>Where the fields of a header lie (tar(5), POSIX.1 ustar and GNU).</summary>
internal static class TarLayout
{
    internal const int Block = 512;

    internal const byte OldFile = 0, File = (byte)'0', HardLink = (byte)'1', SymbolicLink = (byte)'2', Directory = (byte)'5', ContiguousFile = (byte)'7';
    internal const byte PaxLocal = (byte)'x', PaxGlobal = (byte)'g', GnuLongName = (byte)'L', GnuLongLink = (byte)'K', GnuSparse = (byte)'S', GnuVolume = (byte)'V';

    internal static Range Name => 0..100;

    internal static Range Mode => 100..108;

    internal static Range User => 108..116;

    internal static Range Group => 116..124;

    internal static Range Size => 124..136;

    internal static Range Modified => 136..148;

    internal static Range Checksum => 148..156;

    internal static int Kind => 156;

    internal static Range Link => 157..257;

    internal static Range Magic => 257..265;

    internal static Range Prefix => 345..500;

    // Nobody's: other readers skip it. Four letters and the nanoseconds of the mtime, which has no other place here but a
    // second header of two blocks for each file.
    internal static Range FractionMark => 500..504;

    internal static Range Fraction => 504..508;

    internal static ReadOnlySpan<byte> FractionWord => "nsec"u8;

    internal static ReadOnlySpan<byte> Ustar => "ustar\0"u8;

    internal static ReadOnlySpan<byte> UstarMagic => "ustar\000"u8;
}
