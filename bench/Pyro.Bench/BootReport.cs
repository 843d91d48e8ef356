using System.Text.Json.Serialization;
using Pyro.Benchmarks;

namespace Pyro.Bench;

/// <summary>One command in one machine, by Pyro cold and warm, QEMU and, where it is there, microsandbox, in milliseconds.</summary>
internal sealed record BootReport(
    int Runs,
    Distribution PyroColdMs,
    Distribution PyroWarmMs,
    Distribution QemuMicrovmMs,
    Distribution? MsbMs,
    [property: JsonPropertyName("ratio_cold_to_qemu")] double RatioColdToQemu,
    double RatioWarmToCold,
    double? RatioColdToMsb,
    double? RatioWarmToMsb,
    IReadOnlyList<double> PyroColdSamplesMs,
    IReadOnlyList<double> PyroWarmSamplesMs,
    IReadOnlyList<double> QemuMicrovmSamplesMs,
    IReadOnlyList<double>? MsbSamplesMs);
