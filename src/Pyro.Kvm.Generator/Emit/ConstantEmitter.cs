using System.Globalization;
using System.Text;
using Pyro.Kvm.Generator.Metadata;

namespace Pyro.Kvm.Generator.Emit;

/// <summary>Writes the class <c>Uapi</c>: constants and ioctl numbers under their C names.</summary>
internal static class ConstantEmitter
{
    public static string Emit(IEnumerable<ConstantFact> constants, IEnumerable<IoctlFact> ioctls)
    {
        var text = new StringBuilder(SourceText.Header);
        text.Append("/// <summary>Constants of the Linux UAPI headers, under their C names.</summary>\n");
        text.Append("public static partial class Uapi\n{\n");
        foreach (ConstantFact constant in constants)
        {
            string type = CSharpNames.Type(NativeType.Parse(constant.Type));
            Append(text, type, constant.Name, Literal(constant));
        }
        foreach (IoctlFact ioctl in ioctls)
        {
            Append(text, "uint", ioctl.Name, "0x" + ioctl.Number.ToString("x8", CultureInfo.InvariantCulture));
        }
        return text.Append("}\n").ToString();
    }

    private static void Append(StringBuilder text, string type, string name, string value) =>
        text.Append("    /// <summary><c>").Append(name).Append("</c></summary>\n")
            .Append("    public const ").Append(type).Append(' ').Append(CSharpNames.Identifier(name)).Append(" = ").Append(value).Append(";\n");

    private static string Literal(ConstantFact constant) =>
        // The smallest long has no literal of its own: its digits alone do not fit a long.
        constant.Value == "-9223372036854775808" ? "long.MinValue" : constant.Value;
}
