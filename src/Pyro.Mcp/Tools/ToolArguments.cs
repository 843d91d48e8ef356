using System.Text.Json;

namespace Pyro.Mcp.Tools;

/// <summary>A call's arguments. Whatever is missing, of a wrong type or unknown is told in words a model can act upon.</summary>
internal sealed class ToolArguments
{
    private readonly IDictionary<string, JsonElement> _values;

    /// <param name="values">As they came; null for none.</param>
    /// <param name="known">The names that the tool's schema has.</param>
    internal ToolArguments(IDictionary<string, JsonElement>? values, ReadOnlySpan<string> known)
    {
        _values = values ?? new Dictionary<string, JsonElement>();
        foreach (string name in _values.Keys)
        {
            if (!known.Contains(name))
                throw Invalid($"there is no argument '{name}'", $"The arguments are: {string.Join(", ", known.ToArray())}.");
        }
    }

    internal string? Text(string name) => Get(name) is not JsonElement value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw Wrong(name, "a string");

    internal bool Has(string name) => Get(name) is not null;

    internal string Required(string name) => Text(name) ?? throw Invalid($"the argument '{name}' is missing", $"Give '{name}', a string.");

    internal int Integer(string name, int fallback) => Get(name) is not JsonElement value ? fallback
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number
        : throw Wrong(name, "an integer");

    internal bool Flag(string name) => Get(name) is JsonElement value && value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(name, "true or false"),
    };

    /// <summary>A list of words, or one string for a shell.</summary>
    internal IReadOnlyList<string> Command(string name)
    {
        if (Get(name) is not JsonElement value)
            throw Invalid($"the argument '{name}' is missing", "Give a shell command line, or a list of program and arguments.");
        if (value.ValueKind == JsonValueKind.String)
            return ["/bin/sh", "-c", value.GetString() is { Length: > 0 } line ? line : throw Wrong(name, "a command line that is not empty")];
        return Words(name, value, "a string or a list of strings");
    }

    /// <summary>A list of strings, empty if it is not there.</summary>
    internal IReadOnlyList<string> Words(string name) => Get(name) is JsonElement value ? Words(name, value, "a list of strings") : [];

    /// <summary>An object whose values are strings.</summary>
    internal Dictionary<string, string> Map(string name)
    {
        var map = new Dictionary<string, string>();
        if (Get(name) is not JsonElement value)
            return map;
        if (value.ValueKind != JsonValueKind.Object)
            throw Wrong(name, "an object of strings");
        foreach (JsonProperty entry in value.EnumerateObject())
            map[entry.Name] = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : throw Wrong(name, "an object of strings");
        return map;
    }

    private static string[] Words(string name, JsonElement value, string wanted)
    {
        if (value.ValueKind != JsonValueKind.Array)
            throw Wrong(name, wanted);
        string[] words = new string[value.GetArrayLength()];
        for (int i = 0; i < words.Length; i++)
            words[i] = value[i].ValueKind == JsonValueKind.String ? value[i].GetString()! : throw Wrong(name, wanted);
        return words;
    }

    private JsonElement? Get(string name) =>
        _values.TryGetValue(name, out JsonElement value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined) ? value : null;

    private static PyroException Wrong(string name, string wanted) => Invalid($"the argument '{name}' is not {wanted}", $"Give {wanted}.");

    private static PyroException Invalid(string message, string hint) => new(ErrorCodes.InvalidArgument, message, hint);
}
