using Microsoft.Win32.SafeHandles;

namespace Pyro.Components;

/// <summary>
/// The guest's first file system: the agent as <c>/init</c>, and the console. It is written once for each build of
/// the agent and kept, so that a run only opens a file.
/// </summary>
internal static class Initramfs
{
    /// <summary>Opens the initramfs of an agent, made if it is not there yet.</summary>
    internal static SafeFileHandle Open(string folder, string agent) => DerivedFile.Open(folder, agent, ".cpio", output =>
    {
        using FileStream program = File.OpenRead(agent);
        Write(output, program);
    });

    internal static void Write(Stream output, Stream agent)
    {
        var archive = new CpioWriter(output);
        // The kernel takes at most 4096 bytes of name, padding included: the file comes first, where its padding is shorter.
        archive.AddFile("init", 0x1ED, agent);
        archive.AddDirectory("dev", 0x1ED);
        archive.AddCharacterDevice("dev/console", 0x180, 5, 1);
        archive.Finish();
    }
}
