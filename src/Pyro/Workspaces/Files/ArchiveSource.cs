using System.IO.Compression;
using Pyro.Trees.Tar;

namespace Pyro.Workspaces.Files;

/// <summary>A tar archive on the host, which the guest takes apart: it is hostile to neither that way.</summary>
internal sealed class ArchiveSource(string path) : PushSource
{
    internal override string Origin => "archive";

    internal override void Send(ITarOutput output)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        using Stream archive = IsCompressed(file) ? new GZipStream(file, CompressionMode.Decompress) : file;
        int count;
        while ((count = archive.Read(output.Space)) > 0)
            output.Advance(count);
    }

    // By its first bytes (RFC 1952): names lie.
    private static bool IsCompressed(FileStream file)
    {
        Span<byte> start = stackalloc byte[2];
        bool compressed = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == 2 && start is [0x1f, 0x8b];
        file.Position = 0;
        return compressed;
    }
}
