using Microsoft.CodeAnalysis.Text;

namespace Pyro.Kvm.Generator;

/// <summary>The names of a NativeMethods.txt. Compared by value, so that an edit elsewhere regenerates nothing.</summary>
internal sealed class NameList : IEquatable<NameList>
{
    private NameList(string path, IReadOnlyList<ListedName> names)
    {
        Path = path;
        Names = names;
    }

    public string Path { get; }

    public IReadOnlyList<ListedName> Names { get; }

    /// <summary>One name a line; what follows a <c>#</c> is a comment.</summary>
    public static NameList Parse(string path, SourceText text)
    {
        List<ListedName> names = [];
        foreach (TextLine line in text.Lines)
        {
            string content = line.ToString();
            int comment = content.IndexOf('#');
            content = comment < 0 ? content : content.Substring(0, comment);
            string name = content.Trim();
            if (name.Length > 0)
            {
                int column = content.IndexOf(name, StringComparison.Ordinal);
                names.Add(new ListedName(name, line.LineNumber, column, line.Start + column));
            }
        }
        return new NameList(path, names);
    }

    public bool Equals(NameList? other)
    {
        if (other is null || other.Path != Path || other.Names.Count != Names.Count)
        {
            return false;
        }
        for (int i = 0; i < Names.Count; i++)
        {
            if (!Names[i].Equals(other.Names[i]))
            {
                return false;
            }
        }
        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as NameList);

    public override int GetHashCode() => Path.GetHashCode() ^ Names.Count;
}
