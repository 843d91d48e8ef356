using System.Globalization;
using System.Text;

namespace Pyro.Environments;

/// <summary>What a source would install for a reference.</summary>
/// <param name="Name">The canonical name of the reference.</param>
/// <param name="Description">What it is for, in a few words.</param>
/// <param name="Content">
/// All that decides the content, in words: it names the folder, so that a changed recipe never meets an image of the
/// old one.
/// </param>
public sealed record EnvironmentRecipe(string Name, string Description, string Content)
{
    /// <summary>16 hexadecimal digits of the recipe.</summary>
    /// <remarks>
    /// FNV-1a: every run needs the key, and the base library's SHA-256 loads all of OpenSSL for it. Nobody gains from
    /// two recipes with one key: they are this program's own.
    /// </remarks>
    public string Key { get; } = Fnv1a(Encoding.UTF8.GetBytes($"{Name}\n{Content}")).ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>The folder's name in the store.</summary>
    internal string FolderName
    {
        get
        {
            var name = new StringBuilder(Name.Length + 17);
            foreach (char c in Name)
                name.Append(char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '-');
            return name.Append('-').Append(Key).ToString();
        }
    }

    private static ulong Fnv1a(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 0xcbf29ce484222325;
        foreach (byte b in bytes)
            hash = (hash ^ b) * 0x100000001b3;
        return hash;
    }
}
