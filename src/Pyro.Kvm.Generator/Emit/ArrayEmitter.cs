using System.Text;

namespace Pyro.Kvm.Generator.Emit;

/// <summary>Writes an inline array type for each array length that occurs.</summary>
internal static class ArrayEmitter
{
    public static string Emit(IEnumerable<int> lengths)
    {
        var text = new StringBuilder(SourceText.Header);
        foreach (int length in lengths)
        {
            string name = CSharpNames.ArrayName(length);
            text.Append("/// <summary>A C array of ").Append(length).Append(" elements; converts to a span.</summary>\n")
                .Append("[InlineArray(").Append(length).Append(")]\n")
                .Append("public struct ").Append(name).Append("<T>\n    where T : unmanaged\n{\n    private T _first;\n}\n\n");
        }
        return text.ToString();
    }
}
