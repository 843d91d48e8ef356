using System.Globalization;
using System.Text;

namespace Pyro.Files;

/// <summary>Names for folders that depend on what is in them.</summary>
/// <remarks>
/// FNV-1a: every run needs some, and the base library's SHA-256 loads all of OpenSSL for it. Nobody gains from two texts
/// with one name: they are this program's own.
/// </remarks>
internal static class ShortHash
{
    /// <summary>16 hexadecimal digits of a text.</summary>
    internal static string Of(string text)
    {
        ulong hash = 0xcbf29ce484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(text))
            hash = (hash ^ b) * 0x100000001b3;
        return hash.ToString("x16", CultureInfo.InvariantCulture);
    }
}
