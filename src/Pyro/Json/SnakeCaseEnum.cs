using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pyro.Json;

/// <summary>Writes an enumeration's values as <c>snake_case</c> words.</summary>
/// <typeparam name="T">The enumeration.</typeparam>
internal sealed class SnakeCaseEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower)
    where T : struct, Enum;
