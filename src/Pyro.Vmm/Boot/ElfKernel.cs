using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Memory;

namespace Pyro.Vmm.Boot;

/// <summary>
/// An ELF64 <c>vmlinux</c>: its loadable segments, its 64-bit entry and, if it has the note, its PVH entry.
/// The file is not trusted: every offset and length is checked against the file and guest memory before use.
/// </summary>
/// <remarks>System V ABI, chapter 4; Xen's <c>XEN_ELFNOTE_PHYS32_ENTRY</c> for PVH.</remarks>
public sealed class ElfKernel
{
    private const int HeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const int MaxProgramHeaders = 64;
    private const int MaxNoteBytes = 64 * 1024;
    private const uint LoadSegment = 1;
    private const uint NoteSegment = 4;
    private const uint Executable = 1;
    private const uint Writable = 2;
    private const uint XenPhys32Entry = 18;

    private readonly SafeFileHandle _file;
    private readonly string _name;
    private readonly List<Segment> _segments = [];

    private readonly record struct Segment(ulong FileOffset, ulong FileSize, ulong Address, ulong MemorySize, bool IsText);

    private ElfKernel(SafeFileHandle file, string name)
    {
        _file = file;
        _name = name;
    }

    /// <summary>Guest-physical address of <c>startup_64</c>.</summary>
    public ulong Entry64 { get; private set; }

    /// <summary>Guest-physical address of the 32-bit PVH entry, or null if the kernel was built without <c>CONFIG_PVH</c>.</summary>
    public uint? PvhEntry { get; private set; }

    /// <summary>First byte after the kernel's last segment, uninitialised data included.</summary>
    public ulong EndAddress { get; private set; }

    /// <summary>Reads and checks the headers.</summary>
    /// <param name="file">The open kernel file; stays the caller's.</param>
    /// <param name="name">The file's name for messages.</param>
    /// <exception cref="BootException">It is no x86-64 ELF executable, or is cut short.</exception>
    public static ElfKernel Read(SafeFileHandle file, string name)
    {
        var kernel = new ElfKernel(file, name);
        kernel.ReadHeaders();
        return kernel;
    }

    /// <summary>
    /// Puts every segment at its physical address; the rest of guest memory is untouched (and zero). Code is not copied but
    /// mapped: all machines share the page cache's pages, and a page that the guest's kernel patches becomes its own.
    /// </summary>
    /// <exception cref="BootException">A segment lies outside guest memory, or the file is cut short.</exception>
    public void Load(GuestMemory memory)
    {
        foreach (Segment segment in _segments)
        {
            if (segment.Address < GuestLayout.HighMemory.Value || segment.MemorySize > uint.MaxValue
                || !memory.TryGetSpan(new GuestAddress(segment.Address), (uint)segment.MemorySize, out Span<byte> target))
            {
                throw new BootException($"{_name}: needs memory at 0x{segment.Address:x} to 0x{segment.Address + segment.MemorySize:x}; the guest has {memory.Size >> 20} MiB. Give it more memory.");
            }

            ulong mapped = segment.IsText ? MapPages(memory, segment) : 0;
            ReadExactly(target[(int)mapped..(int)segment.FileSize], segment.FileOffset + mapped);
        }
    }

    /// <summary>Maps the whole pages at a segment's beginning and says how many bytes that was.</summary>
    private ulong MapPages(GuestMemory memory, Segment segment)
    {
        ulong length = segment.FileSize - segment.FileSize % GuestMemory.PageSize;
        ulong fileLength = (ulong)RandomAccess.GetLength(_file);
        bool whole = segment.FileOffset <= fileLength && length <= fileLength - segment.FileOffset;
        if (!whole || length == 0 || segment.FileOffset % GuestMemory.PageSize != 0 || segment.Address % GuestMemory.PageSize != 0)
        {
            return 0;
        }

        memory.MapFile(new GuestAddress(segment.Address), length, _file, segment.FileOffset);
        return length;
    }

    private void ReadHeaders()
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        ReadExactly(header, 0);
        if (!header[..4].SequenceEqual("\u007fELF"u8))
        {
            throw new BootException($"{_name}: not an ELF file, so not a vmlinux. The kernel is damaged or of another kind.");
        }

        ushort type = BinaryPrimitives.ReadUInt16LittleEndian(header[16..]);
        ushort machine = BinaryPrimitives.ReadUInt16LittleEndian(header[18..]);
        if (header[4] != 2 || header[5] != 1 || machine != 62 || type is not (2 or 3))
        {
            throw new BootException($"{_name}: not a 64-bit x86 executable (class {header[4]}, machine {machine}, type {type}).");
        }

        Entry64 = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
        ulong tableOffset = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        ushort entrySize = BinaryPrimitives.ReadUInt16LittleEndian(header[54..]);
        ushort count = BinaryPrimitives.ReadUInt16LittleEndian(header[56..]);
        if (entrySize != ProgramHeaderSize || count is 0 or > MaxProgramHeaders)
        {
            throw new BootException($"{_name}: {count} program headers of {entrySize} bytes make no sense. The kernel is damaged.");
        }

        Span<byte> table = stackalloc byte[count * ProgramHeaderSize];
        ReadExactly(table, tableOffset);
        for (int i = 0; i < count; i++)
        {
            ReadProgramHeader(table.Slice(i * ProgramHeaderSize, ProgramHeaderSize));
        }

        if (!_segments.Exists(s => Entry64 >= s.Address && Entry64 - s.Address < s.FileSize))
        {
            throw new BootException($"{_name}: its entry 0x{Entry64:x} lies in none of its segments. The kernel is damaged.");
        }
    }

    private void ReadProgramHeader(ReadOnlySpan<byte> header)
    {
        uint type = BinaryPrimitives.ReadUInt32LittleEndian(header);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        ulong address = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
        ulong fileSize = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        ulong memorySize = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
        if (type == LoadSegment && memorySize > 0)
        {
            if (fileSize > memorySize || fileSize > int.MaxValue || address + memorySize < address)
            {
                throw new BootException($"{_name}: a segment of {fileSize} bytes at 0x{address:x} makes no sense. The kernel is damaged.");
            }

            _segments.Add(new Segment(offset, fileSize, address, memorySize, IsText: (flags & (Executable | Writable)) == Executable));
            EndAddress = Math.Max(EndAddress, address + memorySize);
        }
        else if (type == NoteSegment && fileSize is > 0 and <= MaxNoteBytes)
        {
            byte[] notes = new byte[fileSize];
            ReadExactly(notes, offset);
            PvhEntry ??= FindPvhEntry(notes);
        }
    }

    private static uint? FindPvhEntry(ReadOnlySpan<byte> notes)
    {
        while (notes.Length >= 12)
        {
            uint nameSize = BinaryPrimitives.ReadUInt32LittleEndian(notes);
            uint valueSize = BinaryPrimitives.ReadUInt32LittleEndian(notes[4..]);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(notes[8..]);
            ulong valueStart = 12 + Align4(nameSize);
            ulong next = valueStart + Align4(valueSize);
            if (next > (ulong)notes.Length)
            {
                return null;
            }

            if (type == XenPhys32Entry && nameSize == 4 && valueSize >= 4 && notes.Slice(12, 4).SequenceEqual("Xen\0"u8))
            {
                return BinaryPrimitives.ReadUInt32LittleEndian(notes[(int)valueStart..]);
            }

            notes = notes[(int)next..];
        }

        return null;
    }

    private static ulong Align4(uint value) => (value + 3UL) & ~3UL;

    private void ReadExactly(Span<byte> target, ulong offset)
    {
        while (target.Length > 0)
        {
            int read = offset <= long.MaxValue ? RandomAccess.Read(_file, target, (long)offset) : 0;
            if (read == 0)
            {
                throw new BootException($"{_name}: cut short, {target.Length} bytes are missing at offset {offset}. The kernel is damaged.");
            }

            target = target[read..];
            offset += (ulong)read;
        }
    }
}
