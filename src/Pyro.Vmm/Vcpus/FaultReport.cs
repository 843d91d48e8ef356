using Iced.Intel;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Vcpus;

/// <summary>Turns the state of a vCPU that cannot go on into lines that a person can read.</summary>
internal static class FaultReport
{
    private const int BytesBefore = 32;
    private const int BytesAfter = 64;
    private const int InstructionsShown = 6;

    /// <summary>Called on the vCPU's own thread. Never throws: a report is for a machine that is already lost.</summary>
    internal static MachineFault Capture(KvmVcpu vcpu, int index, GuestMemory memory)
    {
        try
        {
            vcpu.GetRegs(out kvm_regs r);
            vcpu.GetSregs(out kvm_sregs s);
            return new MachineFault(index, Registers(r, s), Instructions(vcpu, memory, r.rip, s));
        }
        catch (KvmException e)
        {
            return new MachineFault(index, [$"registers cannot be read: {e.Message}"], []);
        }
    }

    private static List<string> Registers(in kvm_regs r, in kvm_sregs s) =>
    [
        $"rip={r.rip:x16} rsp={r.rsp:x16} rflags={r.rflags:x8}",
        $"rax={r.rax:x16} rbx={r.rbx:x16} rcx={r.rcx:x16} rdx={r.rdx:x16}",
        $"rsi={r.rsi:x16} rdi={r.rdi:x16} rbp={r.rbp:x16} r8 ={r.r8:x16}",
        $"r9 ={r.r9:x16} r10={r.r10:x16} r11={r.r11:x16} r12={r.r12:x16}",
        $"r13={r.r13:x16} r14={r.r14:x16} r15={r.r15:x16}",
        $"cr0={s.cr0:x8} cr2={s.cr2:x16} cr3={s.cr3:x16} cr4={s.cr4:x8} efer={s.efer:x}",
        $"{Segment("cs", s.cs)} {Segment("ss", s.ss)} {Segment("ds", s.ds)}",
        $"gdt={s.gdt.@base:x16}/{s.gdt.limit:x} idt={s.idt.@base:x16}/{s.idt.limit:x}",
    ];

    private static string Segment(string name, in kvm_segment s) =>
        $"{name}={s.selector:x4} base={s.@base:x} dpl={s.dpl} type={s.type:x}{(s.l != 0 ? " 64-bit" : s.db != 0 ? " 32-bit" : " 16-bit")}";

    private static List<string> Instructions(KvmVcpu vcpu, GuestMemory memory, ulong rip, in kvm_sregs s)
    {
        int bitness = s.cs.l != 0 ? 64 : s.cs.db != 0 ? 32 : 16;
        ulong linear = bitness == 64 ? rip : (uint)(s.cs.@base + rip);
        byte[] before = ReadCode(vcpu, memory, linear - BytesBefore, BytesBefore);
        byte[] after = ReadCode(vcpu, memory, linear, BytesAfter);
        var lines = new List<string>();
        if (after.Length > 0)
        {
            if (before.Length == BytesBefore)
            {
                Disassemble(before.AsSpan(FindStart(before, bitness)).ToArray(), bitness, rip, atEnd: true, lines);
            }

            Disassemble(after, bitness, rip, atEnd: false, lines);
        }

        return lines;
    }

    /// <summary>
    /// x86 code cannot be read backwards: takes the earliest offset from which decoding arrives at RIP exactly,
    /// without an invalid instruction on the way.
    /// </summary>
    private static int FindStart(byte[] before, int bitness)
    {
        for (int start = 0; start < before.Length; start++)
        {
            var decoder = Decoder.Create(bitness, new ByteArrayCodeReader(before, start, before.Length - start));
            bool valid = true;
            while (valid && decoder.IP < (ulong)(before.Length - start))
            {
                decoder.Decode(out Instruction instruction);
                valid = !instruction.IsInvalid;
            }

            if (valid)
            {
                return start;
            }
        }

        return before.Length;
    }

    private static void Disassemble(byte[] bytes, int bitness, ulong rip, bool atEnd, List<string> lines)
    {
        ulong start = atEnd ? rip - (ulong)bytes.Length : rip;
        var decoder = Decoder.Create(bitness, new ByteArrayCodeReader(bytes), start);
        var formatter = new NasmFormatter();
        var output = new StringOutput();
        var decoded = new List<string>();
        while (decoder.IP - start < (ulong)bytes.Length && (atEnd || decoded.Count < InstructionsShown))
        {
            ulong at = decoder.IP;
            decoder.Decode(out Instruction instruction);
            formatter.Format(instruction, output);
            decoded.Add($"{(at == rip ? "->" : "  ")} {at:x16}  {output.ToStringAndReset()}");
        }

        lines.AddRange(atEnd ? decoded.Skip(Math.Max(0, decoded.Count - InstructionsShown)) : decoded);
    }

    /// <summary>Reads up to <paramref name="count"/> bytes at a guest-virtual address, as far as it is mapped to memory.</summary>
    private static byte[] ReadCode(KvmVcpu vcpu, GuestMemory memory, ulong linear, int count)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            ulong address = linear + (ulong)i;
            if (vcpu.Translate(address) is not ulong physical || !memory.TryRead(new GuestAddress(physical), out bytes[i]))
            {
                return bytes[..i];
            }
        }

        return bytes;
    }
}
