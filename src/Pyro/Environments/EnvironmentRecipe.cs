using System.Text;
using Pyro.Files;

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
    public string Key { get; } = ShortHash.Of($"{Name}\n{Content}");

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
}
