using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;

namespace Pyro.Bench;

/// <summary>Starts what is measured, its standard streams on <c>/dev/null</c> and a log.</summary>
internal static class Child
{
    private static readonly string[] s_environment =
        [.. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(v => $"{v.Key}={v.Value}")];

    internal static ChildProcess Start(string path, SafeFileHandle log, params string[] arguments) => Start(path, log, log, [], arguments);

    internal static ChildProcess Start(string path, SafeHandle output, SafeHandle log, string[] variables, string[] arguments)
    {
        using SafeFileHandle nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        return ChildProcess.Start(path, [path, .. arguments], [.. s_environment, .. variables], [(0, nothing), (1, output), (2, log)]);
    }

    /// <summary>The end of a log, for messages.</summary>
    internal static string Tail(string path)
    {
        string text = File.ReadAllText(path).Trim();
        return text.Length > 600 ? text[^600..] : text;
    }
}
