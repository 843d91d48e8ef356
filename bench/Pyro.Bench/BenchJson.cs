using System.Text.Json.Serialization;

namespace Pyro.Bench;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BootReport))]
[JsonSerializable(typeof(KvmReport))]
[JsonSerializable(typeof(MemoryReport))]
[JsonSerializable(typeof(Torture.TortureReport))]
[JsonSerializable(typeof(Forks.ForkFacts))]
[JsonSerializable(typeof(TransferReport))]
internal sealed partial class BenchJson : JsonSerializerContext;
