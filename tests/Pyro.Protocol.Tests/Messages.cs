using System.Text;

namespace Pyro.Protocol.Tests;

/// <summary>Random messages, and a text of every field by which two of them are compared.</summary>
internal static class Messages
{
    private static readonly string[] s_alphabet = ["a", "Z", "/", " ", "=", "é", "€", "𝄞", "\n", "\x01", "'", "\""];

    public static string Text(Random random, int limit = 40, bool name = false)
    {
        var text = new StringBuilder();
        int length = random.Next(name ? 1 : 0, limit);
        for (int i = 0; i < length; i++)
        {
            string letter = s_alphabet[random.Next(s_alphabet.Length)];
            text.Append(name && letter == "=" ? "_" : letter);
        }

        return text.ToString();
    }

    public static ExecRequest Exec(Random random) => new()
    {
        Version = (ushort)random.Next(ushort.MaxValue + 1),
        Arguments = [.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => Text(random))],
        Environment = [.. Enumerable.Range(0, random.Next(0, 6)).Select(_ => new EnvironmentVariable(Text(random, name: true), Text(random)))],
        ClearEnvironment = random.Next(2) == 0,
        WorkingDirectory = Text(random),
        Terminal = random.Next(2) == 0 ? null : new TerminalSize((ushort)random.Next(65536), (ushort)random.Next(65536)),
        TimeoutMilliseconds = (uint)random.NextInt64(1L << 32),
        Stdin = random.Next(2) == 0,
        Tool = random.Next(2) == 0,
    };

    public static AgentReady Ready(Random random) => new()
    {
        ProtocolVersion = (ushort)random.Next(65536),
        AgentVersion = Text(random),
        EntryNanoseconds = (ulong)random.NextInt64(),
        MountedNanoseconds = (ulong)random.NextInt64(),
        ListeningNanoseconds = (ulong)random.NextInt64(),
    };

    public static EditOperation Edit(Random random) => new()
    {
        Kind = (EditKind)random.Next(1, 6),
        Path = Text(random),
        NewPath = Text(random),
        Mode = random.Next(2) == 0 ? null : (ushort)random.Next(0x1000),
        Precondition = (EditPrecondition)random.Next(3),
        Version = new FileVersion((ulong)random.NextInt64(), (ulong)random.NextInt64(), random.NextInt64(long.MinValue, long.MaxValue)),
    };

    public static FileEntry Entry(Random random)
    {
        var path = new byte[random.Next(300)];
        random.NextBytes(path);
        return new FileEntry(path, (FileKind)random.Next(8), (ushort)random.Next(0x1000), (ulong)random.NextInt64(), random.NextInt64(long.MinValue, long.MaxValue), path.AsMemory(0, path.Length / 2));
    }

    public static string Show(FileEntry e)
        => $"{Convert.ToHexString(e.Path.Span)}|{e.Kind}|{e.Mode}|{e.Size}|{e.ModifiedNanoseconds}|{Convert.ToHexString(e.LinkTarget.Span)}";

    public static string Show(ExecRequest r)
        => $"{r.Version}|{string.Join('\0', r.Arguments)}|{string.Join('\0', r.Environment)}|{r.ClearEnvironment}|{r.WorkingDirectory}|{r.Terminal}|{r.TimeoutMilliseconds}|{r.Stdin}|{r.Tool}";

    public static string Show(AgentReady r)
        => $"{r.ProtocolVersion}|{r.AgentVersion}|{r.EntryNanoseconds}|{r.MountedNanoseconds}|{r.ListeningNanoseconds}";
}
