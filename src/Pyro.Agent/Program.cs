using Pyro.Agent.Exec;
using Pyro.Agent.Init;
using Pyro.Agent.Native;
using Pyro.Agent.Tools;

namespace Pyro.Agent;

internal static class Program
{
    private static int Main(string[] args)
    {
        ulong entry = Sys.Now();
        if (Libc.getpid() == 1)
            GuestInit.Run(entry);

        switch (args)
        {
            case ["serve", "--unix", string path]:
                ProcessHost.Run(path);
                return 0;
            case [OwnProgram.ToolVerb, .. string[] tool]:
                return ToolProgram.Run(tool);
            case ["--version"]:
                _ = Sys.Write(1, Sys.Utf8("pyro-agent " + AgentVersion.Text + "\n").AsSpan()[..^1]);
                return 0;
            default:
                Sys.Log("I am the init of a guest, and do nothing elsewhere but `serve --unix PATH`, for tests");
                return 2;
        }
    }
}
