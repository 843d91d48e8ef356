using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Pyro.Kvm.Generator;

/// <summary>A line of NativeMethods.txt: a name, or the start of names followed by <c>*</c>.</summary>
internal readonly struct ListedName(string text, int line, int column, int position) : IEquatable<ListedName>
{
    public string Text { get; } = text;

    public bool IsPattern => Text.EndsWith("*", StringComparison.Ordinal);

    public bool Matches(string name) =>
        IsPattern
            ? name.Length >= Text.Length && string.CompareOrdinal(name, 0, Text, 0, Text.Length - 1) == 0
            : name == Text;

    public Location At(string path) => Location.Create(
        path,
        new TextSpan(position, Text.Length),
        new LinePositionSpan(new LinePosition(line, column), new LinePosition(line, column + Text.Length)));

    public bool Equals(ListedName other) => Text == other.Text && At("").Equals(other.At(""));

    public override bool Equals(object? obj) => obj is ListedName other && Equals(other);

    public override int GetHashCode() => Text.GetHashCode();
}
