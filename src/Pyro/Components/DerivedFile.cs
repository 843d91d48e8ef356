using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Pyro.Files;

namespace Pyro.Components;

/// <summary>Files made from another file once and kept in the cache until that changes.</summary>
internal static class DerivedFile
{
    private const int Kept = 4;

    /// <summary>Opens the file that is made from <paramref name="source"/>, and makes it first if it is not there.</summary>
    /// <param name="folder">Where such files are kept; it holds no others.</param>
    /// <param name="source">What it is made from.</param>
    /// <param name="extension">How its name ends, with the dot.</param>
    /// <param name="make">Writes it.</param>
    internal static SafeFileHandle Open(string folder, string source, string extension, Action<Stream> make)
    {
        // Identity, size and time tell builds apart as well as make does, without reading megabytes in every run.
        (ulong inode, ulong size, ulong modified) = FileStatus.IdentityOf(source);
        string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{inode:x}-{size:x}-{modified:x}{extension}"));
        if (!File.Exists(path))
        {
            PrivateFolder.Ensure(folder);
            Write(path, make);
            RemoveOld(folder, extension);
        }
        return File.OpenHandle(path);
    }

    private static void Write(string path, Action<Stream> make)
    {
        // Renamed when complete, so that no run meets half a file; two that write at once write the same.
        string partial = $"{path}.{Guid.NewGuid():N}";
        try
        {
            using (FileStream output = new(partial, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                make(output);
            }
            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    private static void RemoveOld(string folder, string extension)
    {
        FileInfo[] files = new DirectoryInfo(folder).GetFiles("*" + extension);
        Array.Sort(files, static (a, b) => b.LastWriteTimeUtc.CompareTo(a.LastWriteTimeUtc));
        foreach (FileInfo old in files.AsSpan(Math.Min(Kept, files.Length)))
            old.Delete();
    }
}
