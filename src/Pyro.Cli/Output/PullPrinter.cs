using Pyro.Environments;

namespace Pyro.Cli.Output;

/// <summary>Prints the steps of installing an environment.</summary>
internal sealed class PullPrinter(TextWriter output) : IProgress<EnvironmentProgress>
{
    public void Report(EnvironmentProgress value) =>
        output.WriteLine($"[{value.Step}] environment={value.Environment} elapsed_s={(int)value.Elapsed.TotalSeconds} message=\"{value.Message}\"");
}
