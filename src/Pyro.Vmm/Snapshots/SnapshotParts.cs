using System.Text;

namespace Pyro.Vmm.Snapshots;

/// <summary>What a machine is made of, a line each: kept in its snapshots, and compared before anything is restored.</summary>
internal static class SnapshotParts
{
    /// <summary>The lines as the state file keeps them.</summary>
    internal static byte[] ToBytes(IReadOnlyList<string> parts) => Encoding.UTF8.GetBytes(string.Join('\n', parts));

    /// <summary>Refuses another machine's parts.</summary>
    /// <param name="saved">What <see cref="ToBytes"/> gave.</param>
    /// <param name="parts">The parts that the machine is to have.</param>
    /// <param name="name">The snapshot's name for messages.</param>
    /// <exception cref="SnapshotException">One differs; the message names it.</exception>
    internal static void Require(ReadOnlySpan<byte> saved, IReadOnlyList<string> parts, string name)
    {
        string[] lines = Encoding.UTF8.GetString(saved).Split('\n');
        foreach (string part in parts)
        {
            string kind = part[..(part.IndexOf(':', StringComparison.Ordinal) + 1)];
            string? had = Array.Find(lines, line => line.StartsWith(kind, StringComparison.Ordinal));
            if (had != part)
                throw new SnapshotException($"{name}: was taken with another {kind.TrimEnd(':')} ({had?[kind.Length..].Trim() ?? "none"} instead of {part[kind.Length..].Trim()})");
        }
    }
}
