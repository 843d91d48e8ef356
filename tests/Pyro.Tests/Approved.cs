using System.Runtime.CompilerServices;

namespace Pyro.Tests;

/// <summary>Text that is part of the public contract, kept in the repository. With PYRO_APPROVE=1 it is written anew.</summary>
internal static class Approved
{
    internal static string Checkout { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(SourceFile())!, "..", ".."));

    /// <param name="file">The file, relative to the checkout.</param>
    /// <param name="text">What it should hold.</param>
    internal static void Check(string file, string text)
    {
        string path = Path.Combine(Checkout, file);
        if (Environment.GetEnvironmentVariable("PYRO_APPROVE") == "1")
            File.WriteAllText(path, text);
        Assert.True(File.Exists(path), $"{file} is missing: PYRO_APPROVE=1 makes it");
        Assert.Equal(File.ReadAllText(path), text);
    }

    private static string SourceFile([CallerFilePath] string file = "") => file;
}
