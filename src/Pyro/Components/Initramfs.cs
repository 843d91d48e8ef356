using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Pyro.Files;
using Pyro.Interop;

namespace Pyro.Components;

/// <summary>
/// The guest's first file system: the agent as <c>/init</c>, and the console. It is written once for each build of
/// the agent and kept, so that a run only opens a file.
/// </summary>
internal static class Initramfs
{
    private const int KeptImages = 4;

    /// <summary>Opens the initramfs of an agent, made if it is not there yet.</summary>
    internal static SafeFileHandle Open(string folder, string agent)
    {
        // Identity, size and time tell builds apart as well as make does, without reading 3 MB in every run.
        (ulong inode, ulong size, ulong modified) = Libc.IdentityOf(agent);
        string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{inode:x}-{size:x}-{modified:x}.cpio"));
        if (!File.Exists(path))
        {
            PrivateFolder.Ensure(folder);
            Write(path, agent);
            RemoveOld(folder);
        }
        return File.OpenHandle(path);
    }

    private static void Write(string path, string agent)
    {
        // Renamed when complete, so that no run meets half an image; two that write at once write the same.
        string partial = $"{path}.{Guid.NewGuid():N}";
        try
        {
            using (FileStream output = new(partial, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            using (FileStream program = File.OpenRead(agent))
            {
                Write(output, program);
            }
            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    internal static void Write(Stream output, Stream agent)
    {
        var archive = new CpioWriter(output);
        archive.AddDirectory("dev", 0x1ED);
        archive.AddCharacterDevice("dev/console", 0x180, 5, 1);
        archive.AddFile("init", 0x1ED, agent);
        archive.Finish();
    }

    private static void RemoveOld(string folder)
    {
        FileInfo[] images = new DirectoryInfo(folder).GetFiles("*.cpio");
        Array.Sort(images, static (a, b) => b.LastWriteTimeUtc.CompareTo(a.LastWriteTimeUtc));
        foreach (FileInfo old in images.AsSpan(Math.Min(KeptImages, images.Length)))
            old.Delete();
    }
}
