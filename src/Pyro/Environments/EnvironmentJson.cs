using System.Text.Json.Serialization;

namespace Pyro.Environments;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(EnvironmentManifest))]
internal sealed partial class EnvironmentJson : JsonSerializerContext;
