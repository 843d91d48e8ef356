namespace Pyro.Tests;

internal sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("pyro-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);

    internal string File(string name, string content = "")
    {
        string path = System.IO.Path.Combine(Path, name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }
}
