using System.ComponentModel;
using System.Diagnostics;

namespace Pyro.UapiReader;

/// <summary>Runs clang on C text.</summary>
internal static class Clang
{
    private static readonly string[] s_options =
        ["--target=x86_64-linux-gnu", "-x", "c", "-std=gnu11", "-D_GNU_SOURCE", "-w", "-ferror-limit=0"];

    /// <summary>Gives clang <paramref name="source"/> and returns what it prints.</summary>
    /// <param name="source">C text.</param>
    /// <param name="mayFail">The text has lines that are meant to be tried: errors in it are no failure.</param>
    /// <param name="options">Options beside the usual ones.</param>
    /// <exception cref="UapiException">clang is not there, or says no.</exception>
    public static string Run(string source, bool mayFail, params string[] options)
    {
        var start = new ProcessStartInfo("clang") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string option in s_options.Concat(options).Append("-"))
        {
            start.ArgumentList.Add(option);
        }
        using Process process = Start(start);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(source);
        process.StandardInput.Close();
        process.WaitForExit();
        if (process.ExitCode != 0 && !mayFail)
        {
            throw new UapiException("clang " + string.Join(' ', start.ArgumentList) + " failed:\n" + errors.Result);
        }
        return output.Result;
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new UapiException("clang cannot be run (" + e.Message + "); it is in Debian's package clang, named in scripts/packages.txt", e);
        }
    }
}
