using Pyro.Protocol;

namespace Pyro.Agent.Loop;

/// <summary>Arrays that hold one frame of output, kept for reuse. For the loop's thread.</summary>
internal static class BufferPool
{
    /// <summary>Size of every array in bytes.</summary>
    public const int Size = Wire.HeaderSize + Wire.MaxPayload;

    private const int Kept = 16;
    private static readonly Stack<byte[]> s_free = new(Kept);

    public static byte[] Rent() => s_free.Count > 0 ? s_free.Pop() : GC.AllocateUninitializedArray<byte>(Size);

    public static void Return(byte[] buffer)
    {
        if (s_free.Count < Kept)
            s_free.Push(buffer);
    }
}
