using System.Text;
using Pyro.Agent.Native;

namespace Pyro.Agent.Init;

/// <summary><c>/etc/hosts</c>, for an image that has none: an image's own is the image's business.</summary>
internal static class HostsFile
{
    private const int MaxLength = 512;

    /// <summary>Makes the file unless there is one.</summary>
    public static void Ensure(string? hostName)
    {
        int file = Sys.Open("/etc/hosts\0"u8, Linux.O_WRONLY | Linux.O_CREAT | Linux.O_EXCL, 0x1a4);
        if (file < 0)
            return;

        _ = Sys.Write(file, TextFor(hostName));
        Sys.Close(ref file);
    }

    /// <summary>Follows a change of the host name, if the file is still the one that <see cref="Ensure"/> made.</summary>
    public static void Rename(string oldName, string newName)
    {
        Span<byte> text = stackalloc byte[MaxLength];
        int length = Sys.ReadFile("/etc/hosts\0"u8, text);
        if (length < 0 || !text[..length].SequenceEqual(TextFor(oldName)))
            return;

        int file = Sys.Open("/etc/hosts\0"u8, Linux.O_WRONLY | Linux.O_TRUNC);
        _ = Sys.Write(file, TextFor(newName));
        Sys.Close(ref file);
    }

    private static byte[] TextFor(string? hostName)
        => Encoding.UTF8.GetBytes("127.0.0.1\tlocalhost" + (hostName is null ? "" : " " + hostName) + "\n::1\tlocalhost ip6-localhost ip6-loopback\n");
}
