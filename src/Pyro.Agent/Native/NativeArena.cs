using System.Runtime.InteropServices;
using System.Text;

namespace Pyro.Agent.Native;

/// <summary>Memory outside the managed heap that lives as long as one system call needs it.</summary>
internal sealed unsafe class NativeArena : IDisposable
{
    private readonly List<nint> _blocks = [];

    public void* Allocate(int bytes)
    {
        void* block = NativeMemory.AllocZeroed((nuint)bytes);
        _blocks.Add((nint)block);
        return block;
    }

    /// <summary>The text as UTF-8 that ends in NUL.</summary>
    public byte* Text(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        var bytes = (byte*)Allocate(length + 1);
        Encoding.UTF8.GetBytes(text, new Span<byte>(bytes, length));
        return bytes;
    }

    /// <summary>The texts as execve takes them: pointers that end in a null pointer.</summary>
    public byte** Texts(IReadOnlyList<string> texts)
    {
        var pointers = (byte**)Allocate((texts.Count + 1) * sizeof(byte*));
        for (int i = 0; i < texts.Count; i++)
            pointers[i] = Text(texts[i]);
        return pointers;
    }

    public void Dispose()
    {
        foreach (nint block in _blocks)
            NativeMemory.Free((void*)block);
        _blocks.Clear();
    }
}
