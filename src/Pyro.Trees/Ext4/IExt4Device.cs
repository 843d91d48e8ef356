namespace Pyro.Trees.Ext4;

/// <summary>Where the bytes of a file system are.</summary>
public interface IExt4Device : IDisposable
{
    /// <summary>Fills a buffer with what lies at an offset.</summary>
    /// <exception cref="Ext4Exception">The device ends before.</exception>
    void Read(ulong offset, Span<byte> buffer);
}
