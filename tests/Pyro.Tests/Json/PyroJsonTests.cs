using System.Text.Json;
using Pyro.Json;

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
    public void A_failure_is_the_document_of_the_contract()
    {
        ErrorDocument document = ErrorDocument.Of(new PyroException(ErrorCodes.KvmNotFound, "there is none", "Get one."));

        Assert.Equal(
            """{"ok":false,"error":{"code":"kvm_not_found","message":"there is none","hint":"Get one."}}""",
            JsonSerializer.Serialize(document, PyroJson.Compact.ErrorDocument));
    }
}
