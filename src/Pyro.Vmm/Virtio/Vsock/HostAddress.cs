using System.Buffers.Text;
using System.Text;
using Pyro.Kvm.Native;

namespace Pyro.Vmm.Virtio.Vsock;

/// <summary>Where host programs listen for the guest: <c>struct sockaddr_un</c> of the base path with <c>_PORT</c> behind it.</summary>
internal sealed class HostAddress
{
    private const int FamilyBytes = 2;
    private const int PathBytes = 108;
    private const int MaxSuffix = 1 + 10 + 1; // _4294967295 and the zero

    private readonly byte[] _address;
    private readonly int _prefix;

    /// <param name="basePath">The path of the device's own socket.</param>
    /// <exception cref="ArgumentException">It does not fit into a socket address with the longest port behind it.</exception>
    internal HostAddress(string basePath)
    {
        int length = Encoding.UTF8.GetByteCount(basePath);
        if (length == 0 || length + MaxSuffix > PathBytes || basePath.Contains('\0'))
        {
            throw new ArgumentException(
                $"vsock path '{basePath}' has {length} bytes, a Unix socket's path with a port behind it has room for 1 to {PathBytes - MaxSuffix}", nameof(basePath));
        }

        _address = new byte[FamilyBytes + PathBytes];
        _address[0] = Uapi.AF_UNIX;
        _prefix = FamilyBytes + Encoding.UTF8.GetBytes(basePath, _address.AsSpan(FamilyBytes));
        _address[_prefix++] = (byte)'_';
    }

    /// <summary>The address of a port, good until the next call.</summary>
    internal ReadOnlySpan<byte> OfPort(uint port)
    {
        Utf8Formatter.TryFormat(port, _address.AsSpan(_prefix), out int digits);
        _address[_prefix + digits] = 0;
        return _address.AsSpan(0, _prefix + digits + 1);
    }
}
