using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Pyro.Tests.Api;

/// <summary>An assembly's public surface as text: a line for each type and member, in a stable order.</summary>
internal sealed class PublicApi
{
    private const BindingFlags Members = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> s_keywords = new()
    {
        [typeof(void)] = "void", [typeof(bool)] = "bool", [typeof(byte)] = "byte", [typeof(int)] = "int", [typeof(uint)] = "uint", [typeof(long)] = "long",
        [typeof(ulong)] = "ulong", [typeof(double)] = "double", [typeof(float)] = "float", [typeof(string)] = "string", [typeof(object)] = "object",
    };

    // What the compiler writes for every record, and what every enumeration has.
    private static readonly HashSet<string> s_generated = ["Equals", "GetHashCode", "ToString", "Deconstruct", "<Clone>$", "op_Equality", "op_Inequality", "PrintMembers", "value__", "EqualityContract"];

    private readonly NullabilityInfoContext _nullability = new();

    internal static string Of(Assembly assembly)
    {
        var api = new PublicApi();
        var text = new StringBuilder();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            text.Append(Head(type)).Append('\n');
            foreach (string member in api.MembersOf(type).Order(StringComparer.Ordinal))
                text.Append("    ").Append(member).Append('\n');
        }
        return text.ToString();
    }

    private static string Head(Type type)
    {
        bool isRecord = type.GetMethod("<Clone>$", Members) is not null;
        string kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct" : typeof(Delegate).IsAssignableFrom(type) ? "delegate" : isRecord ? "record" : "class";
        string modifier = type is { IsAbstract: true, IsSealed: true } ? "static " : type.IsInterface || type.IsValueType ? "" : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "";
        string[] bases = [.. new[] { type.BaseType }.Where(b => b is not null && b != typeof(object) && b != typeof(ValueType) && b != typeof(Enum)).Concat(type.GetInterfaces().Where(i => !i.IsGenericType && i.IsPublic && !type.IsEnum)).Select(t => Name(t!)).Distinct()];
        return $"{modifier}{kind} {type.Namespace}.{Name(type)}{(bases.Length > 0 ? " : " + string.Join(", ", bases) : "")}";
    }

    private IEnumerable<string> MembersOf(Type type)
    {
        foreach (ConstructorInfo constructor in type.GetConstructors(Members).Where(IsSeen))
            yield return $"{Access(constructor)}{Name(type)}({Parameters(constructor)})";
        foreach (MethodInfo method in type.GetMethods(Members).Where(m => IsSeen(m) && !m.IsSpecialName && !s_generated.Contains(m.Name)))
            yield return $"{Access(method)}{(method.IsStatic ? "static " : "")}{Name(method.ReturnType, _nullability.Create(method.ReturnParameter))} {method.Name}({Parameters(method)})";
        foreach (PropertyInfo property in type.GetProperties(Members).Where(p => p.GetAccessors(true).Any(IsSeen) && !s_generated.Contains(p.Name)))
            yield return Describe(property);
        foreach (FieldInfo field in type.GetFields(Members).Where(f => (f.IsPublic || f.IsFamily) && !s_generated.Contains(f.Name)))
            yield return type.IsEnum ? $"{field.Name} = {Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture)}"
                : $"{(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}{(field.IsLiteral ? $" = {Value(field.GetRawConstantValue())}" : "")}";
    }

    private string Describe(PropertyInfo property)
    {
        bool required = property.IsDefined(typeof(RequiredMemberAttribute));
        bool isInit = property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true;
        string accessors = (property.GetMethod is { } get && IsSeen(get) ? "get; " : "") + (property.SetMethod is { } set && IsSeen(set) ? isInit ? "init; " : "set; " : "");
        bool isStatic = property.GetAccessors(true)[0].IsStatic;
        return $"{(isStatic ? "static " : "")}{(required ? "required " : "")}{Name(property.PropertyType, _nullability.Create(property))} {property.Name} {{ {accessors}}}";
    }

    private string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(p =>
        $"{(p.IsDefined(typeof(ExtensionAttribute)) || (p.Position == 0 && method.IsDefined(typeof(ExtensionAttribute))) ? "this " : "")}{Name(p.ParameterType, _nullability.Create(p))} {p.Name}{(p.HasDefaultValue ? $" = {Value(p.RawDefaultValue)}" : "")}"));

    private static string Value(object? value) => value is null ? "default" : value is string text ? $"\"{text}\"" : Convert.ToString(value, CultureInfo.InvariantCulture)!;

    private static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static string Name(Type type, NullabilityInfo? nullability = null)
    {
        if (Nullable.GetUnderlyingType(type) is Type inner)
            return Name(inner) + "?";
        string mark = !type.IsValueType && nullability is { ReadState: NullabilityState.Nullable } ? "?" : "";
        if (type.IsArray)
            return Name(type.GetElementType()!, nullability?.ElementType) + "[]" + mark;
        if (s_keywords.TryGetValue(type, out string? keyword))
            return keyword + mark;
        string name = type.IsNested ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Name;
        if (!type.IsGenericType)
            return name + mark;
        Type[] arguments = type.GetGenericArguments();
        return $"{name.Split('`')[0]}<{string.Join(", ", arguments.Select((a, i) => Name(a, nullability?.GenericTypeArguments.ElementAtOrDefault(i))))}>{mark}";
    }
}
