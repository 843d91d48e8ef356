using System.Globalization;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pyro.Kvm.Generator.Metadata;

namespace Pyro.Kvm.Tests.Layout;

/// <summary>
/// What the runtime makes of the generated types of an assembly: facts by name, and beside each the C expression whose value it
/// must have.
/// </summary>
internal sealed class NativeAssembly
{
    private readonly Assembly _assembly;
    private readonly UapiMetadata _metadata;

    public NativeAssembly(Assembly assembly, UapiMetadata metadata)
    {
        _assembly = assembly;
        _metadata = metadata;
    }

    /// <summary>All facts of structs, bitfields, flexible arrays, constants and ioctl numbers.</summary>
    public IEnumerable<NativeFact> Facts()
    {
        foreach (Type type in _assembly.GetTypes().Where(type => type.Namespace == "Pyro.Kvm.Native" && !type.IsNested && type.IsPublic))
        {
            if (type.Name == "Uapi")
            {
                foreach (NativeFact fact in ConstantFacts(type))
                {
                    yield return fact;
                }
            }
            else if (type.IsValueType && !type.IsGenericType)
            {
                RecordFact record = _metadata.Records[type.Name];
                string spelling = record.Kind == "typedef" ? type.Name : record.Kind + " " + type.Name;
                foreach (NativeFact fact in StructFacts(type, type.Name, spelling))
                {
                    yield return fact;
                }
            }
        }
    }

    private static IEnumerable<NativeFact> ConstantFacts(Type uapi) =>
        uapi.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => new NativeFact(
            field.Name,
            field.Name,
            // Sign or no sign is part of the fact: C extends its own in the same way.
            Text(field.GetRawConstantValue() switch { int i => unchecked((ulong)i), long l => unchecked((ulong)l), uint u => u, ulong u => u, var o => throw new NotSupportedException(field.Name + ": " + o) }),
            "(unsigned long long)(" + field.Name + ")"));

    private static IEnumerable<NativeFact> StructFacts(Type type, string name, string spelling)
    {
        string owner = name.Split('.')[0];
        yield return new NativeFact(owner, "sizeof " + name, Text((ulong)SizeOf(type)), "sizeof(" + spelling + ")");
        foreach (FieldInfo field in type.GetFields(BindingFlags.Public | BindingFlags.Instance))
        {
            string member = field.Name == type.Name + "_" ? type.Name : field.Name;
            string value = "((" + spelling + " *)0)->" + member;
            yield return new NativeFact(owner, "offsetof " + name + "." + member, Text((ulong)OffsetOf(field)), "offsetof(" + spelling + ", " + member + ")");
            yield return new NativeFact(owner, "sizeof " + name + "." + member, Text((ulong)SizeOf(field.FieldType)), "sizeof(" + value + ")");
        }
        foreach (PropertyInfo bits in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            yield return new NativeFact(owner, "bits " + name + "." + bits.Name, BitsOf(type, bits), spelling, bits.Name);
        }
        foreach (MethodInfo flexible in type.GetMethods(BindingFlags.Public | BindingFlags.Static).Where(method => method.ReturnType.IsPointer))
        {
            yield return new NativeFact(owner, "offsetof " + name + "." + flexible.Name, Text(FlexibleOffset(type, flexible)), "offsetof(" + spelling + ", " + flexible.Name + ")");
            object size = type.GetMethod("sizeof_" + flexible.Name)!.Invoke(null, [3])!;
            yield return new NativeFact(
                owner, "sizeof " + name + "." + flexible.Name + "[3]", Text((ulong)(int)size), "offsetof(" + spelling + ", " + flexible.Name + "[3])");
        }
        foreach (Type nested in type.GetNestedTypes().Where(nested => nested.Name.EndsWith("_type", StringComparison.Ordinal)))
        {
            string member = nested.Name[..^"_type".Length];
            Type? fieldType = type.GetField(member)?.FieldType;
            string dimension = fieldType is { IsGenericType: true } ? "[0]" : "";
            foreach (NativeFact fact in StructFacts(nested, name + "." + member, "__typeof__(((" + spelling + " *)0)->" + member + dimension + ")"))
            {
                yield return fact;
            }
        }
    }

    private static int SizeOf(Type type) => type.IsPointer
        ? IntPtr.Size
        : (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    // Where the runtime really put the field: the address of a local's field less the address of the local.
    private static long OffsetOf(FieldInfo field)
    {
        var method = new DynamicMethod("offset", typeof(long), null, field.Module, skipVisibility: true);
        ILGenerator il = method.GetILGenerator();
        LocalBuilder local = il.DeclareLocal(field.DeclaringType!);
        il.Emit(OpCodes.Ldloca, local);
        il.Emit(OpCodes.Ldflda, field);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Ldloca, local);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Sub);
        il.Emit(OpCodes.Conv_I8);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<long>>()();
    }

    // The bytes of a struct of zeroes in which all bits of one bitfield are set, and that it can be read back.
    private static string BitsOf(Type type, PropertyInfo property)
    {
        object ones = property.PropertyType == typeof(byte) ? byte.MaxValue
            : property.PropertyType == typeof(ushort) ? ushort.MaxValue
            : property.PropertyType == typeof(uint) ? uint.MaxValue
            : property.PropertyType == typeof(ulong) ? ulong.MaxValue
            : Convert.ChangeType(-1, property.PropertyType, CultureInfo.InvariantCulture);
        object boxed = RuntimeHelpers.GetUninitializedObject(type);
        property.SetValue(boxed, ones);
        byte[] bytes = new byte[SizeOf(type)];
        GCHandle pin = GCHandle.Alloc(boxed, GCHandleType.Pinned);
        Marshal.Copy(pin.AddrOfPinnedObject(), bytes, 0, bytes.Length);
        pin.Free();
        return Convert.ToHexStringLower(bytes) + "/" + Convert.ToString(property.GetValue(boxed), CultureInfo.InvariantCulture);
    }

    private static unsafe ulong FlexibleOffset(Type type, MethodInfo method)
    {
        object pointer = method.Invoke(null, [Pointer.Box(null, type.MakePointerType())])!;
        return (ulong)Pointer.Unbox(pointer);
    }

    private static string Text(ulong value) => value.ToString(CultureInfo.InvariantCulture);
}
