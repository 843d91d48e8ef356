using Pyro.Agent.Exec;
using Pyro.Agent.Native;
using Pyro.Protocol;

namespace Pyro.Agent.Serving;

/// <summary>The table of requests.</summary>
internal static class RequestHandler
{
    /// <summary>Carries out, or begins, what a connection's first frame asks for.</summary>
    /// <exception cref="ProtocolException">The request does not parse.</exception>
    public static void Handle(AgentServer server, IMachine machine, Connection connection, FrameType type, ReadOnlySpan<byte> payload)
    {
        if (!Wire.IsRequest(type))
            throw new ProtocolException("a connection begins with a request");

        // Before the version is looked at, because it is what every request of every version begins with.
        ushort version = new PayloadReader(payload).ReadUInt16();
        if (version != Wire.Version)
        {
            connection.Fail(FailureCode.UnsupportedVersion, $"the agent speaks protocol version {Wire.Version}, the request is of version {version}");
            return;
        }

        switch (type)
        {
            case FrameType.Exec:
                server.Holds.Start(server, connection, Frame.Decode<ExecRequest>(payload));
                break;
            case FrameType.PowerOff:
                server.Shutdown(connection, Frame.Decode<PowerOffRequest>(payload), machine);
                break;
            case FrameType.Resume:
                Resume(server, machine, connection, Frame.Decode<ResumeRequest>(payload));
                break;
            case FrameType.Hold:
                server.Holds.Begin(connection, Frame.Decode<HoldRequest>(payload));
                break;
            case FrameType.Info:
                connection.Answer(server.Describe());
                break;
            case FrameType.Sync:
                Sync(server, connection);
                break;
            default:
                connection.Fail(FailureCode.UnknownRequest, $"the agent knows no request of type {(byte)type}");
                break;
        }
    }

    private static void Resume(AgentServer server, IMachine machine, Connection connection, ResumeRequest request)
    {
        try
        {
            machine.Resume(request);
            server.Holds.OnResumed(server);
            connection.Done();
        }
        catch (LinuxException e)
        {
            connection.Fail(FailureCode.SystemError, e.Message);
        }
    }

    // A thread of its own: a slow disk must not stop the commands that run meanwhile.
    private static void Sync(AgentServer server, Connection connection)
    {
        var thread = new Thread(() =>
        {
            Libc.sync();
            server.Loop.Post(connection.Done);
        })
        {
            IsBackground = true,
        };
        thread.Start();
    }
}
