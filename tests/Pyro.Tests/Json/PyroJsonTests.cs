using System.Text.Json;
using Pyro.Json;
using Pyro.Vmm;

namespace Pyro.Tests.Json;

public sealed class PyroJsonTests
{
    [Fact]
    public void A_run_is_the_document_of_the_contract()
    {
        var result = new RunResult
        {
            Environment = "debian:12",
            ExecutionMode = ExecutionModes.GuestVsock,
            StartMode = "warm",
            ExitCode = 3,
            Stdout = "größer <tag> \"x\"\n",
            Stderr = "",
            TimingsMs = new RunTimings(1.5, 100, 20.25, 3, 125),
        };

        Assert.Equal(
            """
            {
              "environment": "debian:12",
              "execution_mode": "guest_vsock",
              "start_mode": "warm",
              "exit_code": 3,
              "stdout": "größer <tag> \"x\"\n",
              "stderr": "",
              "stdout_truncated": false,
              "stderr_truncated": false,
              "timed_out": false,
              "timings_ms": {
                "spawn": 1.5,
                "boot_or_restore": 100,
                "agent_ready": 20.25,
                "exec": 3,
                "total": 125
              }
            }
            """,
            JsonSerializer.Serialize(result, PyroJson.Readable.RunResult));
    }

    [Fact]
    public void Statistics_that_were_asked_for_come_last()
    {
        var result = new RunResult
        {
            Environment = "debian:12",
            ExecutionMode = ExecutionModes.GuestVsock,
            ExitCode = 0,
            Stdout = "",
            Stderr = "",
            TimingsMs = new RunTimings(1, 2, 3, 4, 10),
            Stats = new RunStats(new ExitCounts(1, 2, 3), [new DeviceCounts("block", 4, 5), new DeviceCounts("vsock", 6, 7)], new MachineMemory(8, 9)),
        };

        Assert.EndsWith(
            """
            "stats":{"exits":{"port":1,"mmio":2,"interrupted":3},"devices":[{"device":"block","notifications":4,"interrupts":5},{"device":"vsock","notifications":6,"interrupts":7}],"memory_kib":{"private":8,"peak":9}}}
            """,
            JsonSerializer.Serialize(result, PyroJson.Compact.RunResult),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_is_the_document_of_the_contract()
    {
        ErrorDocument document = ErrorDocument.Of(new PyroException(ErrorCodes.KvmNotFound, "there is none", "Get one."));

        Assert.Equal(
            """{"ok":false,"error":{"code":"kvm_not_found","message":"there is none","hint":"Get one."}}""",
            JsonSerializer.Serialize(document, PyroJson.Compact.ErrorDocument));
    }
}
