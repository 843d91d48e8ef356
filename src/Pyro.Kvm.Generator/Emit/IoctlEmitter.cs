using System.Text;
using Pyro.Kvm.Generator.Metadata;

namespace Pyro.Kvm.Generator.Emit;

/// <summary>
/// Writes the class <c>Ioctl</c>: a method an ioctl, typed by what the header says of its argument. They return what the kernel
/// returns and keep errno for <c>Marshal.GetLastPInvokeError</c>.
/// </summary>
internal static class IoctlEmitter
{
    public static string Emit(IEnumerable<IoctlFact> ioctls, UapiMetadata metadata)
    {
        var text = new StringBuilder(SourceText.Header);
        text.Append("/// <summary>Ioctls of the Linux UAPI headers. A method returns -1 on failure and leaves errno in the last P/Invoke error.</summary>\n");
        text.Append("public static unsafe partial class Ioctl\n{\n");
        foreach (IoctlFact ioctl in ioctls)
        {
            EmitIoctl(ioctl, metadata, text);
        }
        return text.Append("}\n").ToString();
    }

    private static void EmitIoctl(IoctlFact ioctl, UapiMetadata metadata, StringBuilder text)
    {
        string name = CSharpNames.Identifier(ioctl.Name);
        if (ioctl.Argument.Kind == NativeTypeKind.Void)
        {
            text.Append("    /// <summary><c>_IO</c> ").Append(name).Append(". The header names no argument; where the kernel takes one, it is a number or an address.</summary>\n");
            Signature(text, name, "nint argument = 0").Append(" =>\n        global::Pyro.Kvm.Libc.ioctl(fd, Uapi.").Append(name).Append(", (void*)argument);\n\n");
            return;
        }

        string type = CSharpNames.Type(ioctl.Argument);
        string macro = (ioctl.KernelReads ? "W" : "") + (ioctl.KernelWrites ? "R" : "");
        string summary = "    /// <summary><c>_IO" + (macro == "WR" ? "WR" : macro) + "</c> " + name + " with <c>" + ioctl.Argument + "</c>.</summary>\n";
        text.Append(summary);
        Signature(text, name, type + "* argument").Append(" =>\n        global::Pyro.Kvm.Libc.ioctl(fd, Uapi.").Append(name).Append(", argument);\n\n");
        if (EndsInFlexibleArray(ioctl.Argument, metadata))
        {
            return;
        }
        string direction = macro switch { "W" => "in ", "R" => "out ", _ => "ref " };
        text.Append(summary);
        Signature(text, name, direction + type + " argument").Append("\n    {\n");
        if (macro == "R")
        {
            text.Append("        Unsafe.SkipInit(out argument);\n");
        }
        text.Append("        fixed (").Append(type).Append("* pointer = &argument)\n        {\n")
            .Append("            return global::Pyro.Kvm.Libc.ioctl(fd, Uapi.").Append(name).Append(", pointer);\n        }\n    }\n\n");
    }

    private static StringBuilder Signature(StringBuilder text, string name, string argument) =>
        text.Append("    public static int ").Append(name).Append("(SafeHandle fd, ").Append(argument).Append(')');

    private static bool EndsInFlexibleArray(NativeType type, UapiMetadata metadata)
    {
        if (type.Kind != NativeTypeKind.Record)
        {
            return false;
        }
        foreach (FieldFact field in metadata.Records[type.Name].Fields)
        {
            if (field.Type.Kind == NativeTypeKind.FlexibleArray)
            {
                return true;
            }
        }
        return false;
    }
}
