using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Boot;

namespace Pyro.Components;

/// <summary>
/// The guest's kernel as an ELF <c>vmlinux</c>. A compressed <c>bzImage</c> is unpacked here, once, and kept: a guest
/// that unpacks itself spends more of its boot on that than on anything else.
/// </summary>
internal static class KernelImage
{
    private const int StartLength = 1024;
    private const string ProtocolVariable = "PYRO_KERNEL_BOOT";

    /// <summary>How the kernel is entered: <c>PYRO_KERNEL_BOOT</c>, by default Linux's own 64-bit protocol.</summary>
    /// <exception cref="PyroException">The variable names no protocol.</exception>
    internal static BootProtocol Protocol() => Environment.GetEnvironmentVariable(ProtocolVariable) switch
    {
        null or "" or "linux64" => BootProtocol.Linux64,
        "pvh" => BootProtocol.Pvh,
        string other => throw new PyroException(
            ErrorCodes.InvalidArgument, $"{ProtocolVariable} is '{other}', which is no boot protocol", "Set it to linux64 or pvh, or unset it."),
    };

    /// <summary>Opens a kernel.</summary>
    /// <param name="path">A <c>vmlinux</c> or a <c>bzImage</c>.</param>
    /// <param name="paths">Where unpacked kernels are kept.</param>
    /// <exception cref="PyroException">A bzImage that cannot be unpacked.</exception>
    internal static SafeFileHandle Open(string path, PyroPaths paths)
    {
        SafeFileHandle file = File.OpenHandle(path);
        Span<byte> start = stackalloc byte[StartLength];
        int length = RandomAccess.Read(file, start, 0);
        if (!BzImage.IsBzImage(start[..length]))
            return file; // a vmlinux; anything else is refused by name when it is loaded
        file.Dispose();
        try
        {
            return DerivedFile.Open(paths.UnpackedKernels, path, ".vmlinux", output => BzImage.Unpack(path, output));
        }
        catch (BootException e)
        {
            throw new PyroException(ErrorCodes.KernelDamaged, e.Message, "Give another kernel with PYRO_KERNEL, or unset it to use Pyro's own.", e);
        }
    }
}
