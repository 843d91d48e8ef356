using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;

namespace Pyro.Mcp.Tests;

/// <summary>The official TypeScript client, installed once by its lock file into a folder of the user's cache.</summary>
public sealed class NodeClient
{
    private readonly string _folder = Install();

    /// <summary>Asks the published server on a host without KVM, with one tool.</summary>
    internal Task<JsonElement> AskAsync(string scenario, object? arguments = null) =>
        AskAsync(scenario, arguments, ["env", "PYRO_KVM=/nonexistent/kvm", Binary, "mcp", "serve", "--profile", "vm-run"]);

    /// <param name="scenario">One of those in client.mjs.</param>
    /// <param name="arguments">What it takes.</param>
    /// <param name="server">The server's program and arguments.</param>
    internal async Task<JsonElement> AskAsync(string scenario, object? arguments, string[] server)
    {
        var start = new ProcessStartInfo("node", [Path.Combine(_folder, "client.mjs"), scenario, JsonSerializer.Serialize(server), JsonSerializer.Serialize(arguments ?? new { })])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process node = Process.Start(start)!;
        Task<string> errors = node.StandardError.ReadToEndAsync();
        string output = await node.StandardOutput.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        await node.WaitForExitAsync(limit.Token);
        Assert.True(node.ExitCode == 0, await errors);
        using JsonDocument document = JsonDocument.Parse(output);
        // The client reports every line of the server's that is no message.
        Assert.Empty(document.RootElement.GetProperty("noise").EnumerateArray());
        return document.RootElement.GetProperty("answer").Clone();
    }

    /// <summary>Compares documents with the schemas in docs/schemas.</summary>
    /// <param name="lines">Lines of a schema's name, a tab, and a document.</param>
    /// <returns>What does not fit, and how many documents there were.</returns>
    internal async Task<string> ValidateAsync(string lines)
    {
        var start = new ProcessStartInfo("node", [Path.Combine(_folder, "validate.mjs"), Path.GetDirectoryName(Find(Path.Combine("docs", "schemas"), "run.json", "it is part of the repository"))!])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using Process node = Process.Start(start)!;
        await node.StandardInput.WriteAsync(lines);
        node.StandardInput.Close();
        return await node.StandardOutput.ReadToEndAsync();
    }

    internal static string Binary { get; } = Find("out", "pyro", "run ./build.sh first");

    private static string Install()
    {
        string source = Path.GetDirectoryName(Find(Path.Combine("tests", "Pyro.Mcp.Tests", "client"), "package-lock.json", "it is part of the repository"))!;
        byte[] lockFile = File.ReadAllBytes(Path.Combine(source, "package-lock.json"));
        string cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set : Path.Combine(Environment.GetEnvironmentVariable("HOME")!, ".cache");
        string folder = Path.Combine(cache, "pyro", "tests", $"mcp-client-{Convert.ToHexStringLower(SHA256.HashData(lockFile).AsSpan(0, 8))}");
        if (!File.Exists(Path.Combine(folder, "installed")))
        {
            Directory.CreateDirectory(folder);
            foreach (string name in (string[])["package.json", "package-lock.json", ".npmrc"])
                File.Copy(Path.Combine(source, name), Path.Combine(folder, name), overwrite: true);
            using Process npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]) { WorkingDirectory = folder })!;
            npm.WaitForExit();
            Assert.Equal(0, npm.ExitCode);
            File.WriteAllText(Path.Combine(folder, "installed"), "");
        }
        foreach (string name in (string[])["client.mjs", "validate.mjs"])
            File.Copy(Path.Combine(source, name), Path.Combine(folder, name), overwrite: true);
        return folder;
    }

    private static string Find(string folder, string file, string hint)
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            if (!File.Exists(Path.Combine(at, "Pyro.sln")))
                continue;
            string path = Path.Combine(at, folder, file);
            return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: {hint}", path);
        }
        throw new DirectoryNotFoundException("the tests run outside of the repository");
    }
}
