using System.Text.Json.Serialization;

namespace Pyro.Benchmarks;

/// <summary>Serialization without reflection; a history has one document a line.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BootSummary))]
internal sealed partial class BenchmarkJson : JsonSerializerContext;
