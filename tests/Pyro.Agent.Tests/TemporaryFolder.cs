namespace Pyro.Agent.Tests;

/// <summary>A folder that is gone afterwards.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("pyro-").FullName;

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, string text, bool executable)
    {
        string path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | (executable ? UnixFileMode.UserExecute : 0));
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
