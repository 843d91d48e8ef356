using System.Text.Json.Serialization;
using Pyro.Benchmarks;

namespace Pyro.Bench;

/// <summary>Start to exit of one command in a cold machine, by Pyro and by QEMU, in milliseconds.</summary>
internal sealed record BootReport(
    int Runs,
    Distribution PyroColdMs,
    Distribution QemuMicrovmMs,
    [property: JsonPropertyName("ratio_cold_to_qemu")] double RatioColdToQemu,
    IReadOnlyList<double> PyroColdSamplesMs,
    IReadOnlyList<double> QemuMicrovmSamplesMs);
