using System.Text.Json.Serialization;
using Pyro.Benchmarks;

namespace Pyro.Bench;

/// <summary>One command in a cold machine, by Pyro, QEMU and, where it is there, microsandbox, in milliseconds.</summary>
internal sealed record BootReport(
    int Runs,
    Distribution PyroColdMs,
    Distribution QemuMicrovmMs,
    Distribution? MsbMs,
    [property: JsonPropertyName("ratio_cold_to_qemu")] double RatioColdToQemu,
    double? RatioColdToMsb,
    IReadOnlyList<double> PyroColdSamplesMs,
    IReadOnlyList<double> QemuMicrovmSamplesMs,
    IReadOnlyList<double>? MsbSamplesMs);
