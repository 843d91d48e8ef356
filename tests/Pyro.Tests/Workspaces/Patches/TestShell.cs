using System.Diagnostics;

namespace Pyro.Tests.Workspaces.Patches;

/// <summary>A line of shell, which has to succeed.</summary>
internal static class TestShell
{
    internal static string Run(string script, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("sh", ["-ec", script, "sh", .. arguments]) { WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        Task<string> said = process.StandardError.ReadToEndAsync();
        string told = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{script}: {said.Result}");
        return told;
    }
}
