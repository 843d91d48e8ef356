using Pyro.Cli.Commands;
using Pyro.Vmm.Processes;

namespace Pyro.Cli;

internal static class Program
{
    // The two cases that must cost nothing come before anything else is built.
    private static int Main(string[] args) => args switch
    {
        [VmmHost.Verb] => VmmHost.Run(),
        ["--version"] => PrintVersion(),
        _ => CommandLine.Run(args),
    };

    private static int PrintVersion()
    {
        StandardStreams.Output.Write("pyro "u8);
        StandardStreams.Output.Write(System.Text.Encoding.ASCII.GetBytes(PyroVersion.Text + "\n"));
        return ExitCodes.Ok;
    }
}
