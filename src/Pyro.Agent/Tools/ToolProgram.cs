using Pyro.Agent.Native;
using Pyro.Agent.Tools.Changes;
using Pyro.Protocol;
using Pyro.Trees;

namespace Pyro.Agent.Tools;

/// <summary>The agent as a guest tool: <c>tool NAME ROOT</c>. A process of its own, which may block and be killed.</summary>
internal static class ToolProgram
{
    private const int Usage = 2;

    /// <summary>Does one tool's work.</summary>
    /// <returns>The exit code: 0 where the answer is complete, whatever it says.</returns>
    public static int Run(string[] arguments)
    {
        if (arguments is not [string name, string root])
            return Usage;

        // Modes are what the request says, to the bit.
        _ = Libc.umask(0);
        var streams = new ToolStreams();
        // Whoever reads the answer may be gone, which ends a write and no transaction.
        _ = Libc.signal(Linux.SIGPIPE, Linux.SIG_IGN);
        try
        {
            ToolDoneMessage done;
            switch (name)
            {
                case ToolNames.List:
                    done = ListTool.Run(streams, new WorkRoot(root));
                    break;
                case ToolNames.Read:
                    done = ReadTool.Run(streams, new WorkRoot(root));
                    break;
                case ToolNames.Edit:
                    done = EditTool.Run(streams, new WorkRoot(root));
                    break;
                case ToolNames.TarIn:
                    done = TarInTool.Run(streams, new WorkRoot(root));
                    break;
                case ToolNames.TarOut:
                    done = TarOutTool.Run(streams, new WorkRoot(root));
                    break;
                case ToolNames.Changes:
                    done = ChangesTool.Run(streams, new WorkRoot(root));
                    break;
                default:
                    Sys.Log("there is no tool " + name);
                    return Usage;
            }

            streams.Send(done);
            return 0;
        }
        catch (TreeException e)
        {
            streams.Send(new ToolFailedMessage(e.Code, e.Path, e.Message));
        }
        catch (ProtocolException e)
        {
            streams.Send(new ToolFailedMessage(ToolFailure.BadRequest, "", e.Message));
        }
        catch (LinuxException e)
        {
            streams.Send(new ToolFailedMessage(ToolFailure.SystemError, "", e.Message));
        }
        catch (OutOfMemoryException)
        {
            streams.Send(new ToolFailedMessage(ToolFailure.TooLarge, "", "it takes more memory than a tool has"));
        }

        return 0;
    }
}
