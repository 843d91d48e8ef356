using Iced.Intel;
using Pyro.Vmm.Tests.Boot;
using static Iced.Intel.AssemblerRegisters;

namespace Pyro.Vmm.Tests;

/// <summary>Kernels of a few instructions, and what several of them do.</summary>
internal static class TinyGuest
{
    internal static byte[] Assemble(int bitness, Action<Assembler> code)
    {
        var assembler = new Assembler(bitness);
        code(assembler);
        var bytes = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(bytes), TinyElf.LoadAddress);
        return bytes.ToArray();
    }

    internal static void Print(Assembler a, string text)
    {
        a.mov(dx, 0x3f8);
        foreach (char c in text)
        {
            a.mov(al, (byte)c);
            a.@out(dx, al);
        }
    }

    internal static void PowerOff(Assembler a)
    {
        a.mov(dx, 0x604);
        a.mov(al, 0x34);
        a.@out(dx, al);
        a.hlt();
    }

    internal static void Spin(Assembler a)
    {
        Label again = a.CreateLabel();
        a.Label(ref again);
        a.jmp(again);
    }
}
