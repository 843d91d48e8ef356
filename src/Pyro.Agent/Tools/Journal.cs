using System.Buffers.Binary;
using Pyro.Protocol;
using Pyro.Trees;

namespace Pyro.Agent.Tools;

/// <summary>
/// Changes a tree step by step, each told to a file first, so that whoever has the file can undo them, also after a kill.
/// Undoing looks at each step whether it was done, by the inode that it moved.
/// </summary>
internal sealed class Journal
{
    private static ReadOnlySpan<byte> FileName => "journal\0"u8;

    private readonly int _root;
    private readonly int _stage;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _file;

    /// <summary>For the steps between a stage and the root.</summary>
    public Journal(WorkRoot root, int stage)
    {
        _root = root.Directory;
        _stage = stage;
        _file = TreeCalls.Open(stage, FileName, TreeCalls.O_RDWR | TreeCalls.O_CREAT | TreeCalls.O_APPEND, 0x180);
        if (_file < 0)
            throw TreeException.FromErrno(-_file, FileName);
    }

    /// <summary>Renames from the stage to a name where nothing is.</summary>
    /// <param name="directory">The open directory of the path.</param>
    /// <param name="nameZ">The name in it.</param>
    /// <param name="pathZ">The whole path below the root.</param>
    /// <param name="from">The open directory of the staged file.</param>
    /// <param name="fromNameZ">The name in it.</param>
    /// <param name="stagedZ">The whole path in the stage.</param>
    public void Place(int directory, byte[] nameZ, byte[] pathZ, int from, byte[] fromNameZ, byte[] stagedZ)
    {
        Tell(new JournalStep(JournalKind.Place, InodeOf(from, fromNameZ, stagedZ), pathZ, stagedZ, 0, 0));
        Check(TreeCalls.Rename(from, fromNameZ, directory, nameZ, TreeCalls.RENAME_NOREPLACE), pathZ);
    }

    /// <summary>Exchanges a staged file with what is there.</summary>
    /// <inheritdoc cref="Place"/>
    public void Swap(int directory, byte[] nameZ, byte[] pathZ, int from, byte[] fromNameZ, byte[] stagedZ)
    {
        Tell(new JournalStep(JournalKind.Swap, InodeOf(from, fromNameZ, stagedZ), pathZ, stagedZ, 0, 0));
        Check(TreeCalls.Rename(from, fromNameZ, directory, nameZ, TreeCalls.RENAME_EXCHANGE), pathZ);
    }

    /// <summary>Takes what is there into the stage.</summary>
    public void Take(int directory, byte[] nameZ, byte[] pathZ, byte[] stagedZ)
    {
        Tell(new JournalStep(JournalKind.Take, InodeOf(directory, nameZ, pathZ), pathZ, stagedZ, 0, 0));
        Check(TreeCalls.Rename(directory, nameZ, _stage, stagedZ, TreeCalls.RENAME_NOREPLACE), pathZ);
    }

    /// <summary>Gives what is there another name.</summary>
    public void Move(int directory, byte[] nameZ, byte[] pathZ, int newDirectory, byte[] newNameZ, byte[] newPathZ)
    {
        Tell(new JournalStep(JournalKind.Move, InodeOf(directory, nameZ, pathZ), pathZ, newPathZ, 0, 0));
        Check(TreeCalls.Rename(directory, nameZ, newDirectory, newNameZ, TreeCalls.RENAME_NOREPLACE), newPathZ);
    }

    /// <summary>Remembers mode and mtime of what is about to be changed, or to have its contents changed.</summary>
    public void TellAttributes(byte[] pathZ, in FileStatus before)
        => Tell(new JournalStep(JournalKind.Attributes, before.Inode, pathZ, [0], before.Mode, before.ModifiedNanoseconds));

    /// <summary>All is done: nothing is undone any more.</summary>
    public void Commit()
    {
        Check(TreeCalls.Unlink(_stage, FileName), FileName);
        TreeCalls.Close(ref _file);
    }

    /// <summary>Undoes all steps that were done, the last first.</summary>
    public void Undo()
    {
        List<JournalStep> steps = ReadSteps();
        for (int i = steps.Count - 1; i >= 0; i--)
            Undo(steps[i]);
        Commit();
    }

    // Nothing is thrown: what somebody else changed or took away since is theirs, and the rest is undone all the same.
    private void Undo(in JournalStep step)
    {
        switch (step.Kind)
        {
            case JournalKind.Place:
                MoveBack(_root, step.Path, step.Inode, _stage, step.Other, TreeCalls.RENAME_NOREPLACE);
                break;
            case JournalKind.Swap:
                MoveBack(_root, step.Path, step.Inode, _stage, step.Other, TreeCalls.RENAME_EXCHANGE);
                break;
            case JournalKind.Take:
                MoveBack(_stage, step.Other, step.Inode, _root, step.Path, TreeCalls.RENAME_NOREPLACE);
                break;
            case JournalKind.Move:
                MoveBack(_root, step.Other, step.Inode, _root, step.Path, TreeCalls.RENAME_NOREPLACE);
                break;
            case JournalKind.Attributes:
                int file = TreeCalls.OpenBeneath(_root, step.Path, TreeCalls.O_RDONLY | TreeCalls.O_NONBLOCK | TreeCalls.O_NOCTTY);
                if (file >= 0 && TreeCalls.Status(file, out FileStatus status) == 0 && status.Inode == step.Inode)
                {
                    _ = TreeCalls.SetMode(file, step.Mode);
                    _ = TreeCalls.SetModified(file, step.ModifiedNanoseconds);
                }

                TreeCalls.Close(ref file);
                break;
        }
    }

    private static void MoveBack(int fromRoot, byte[] pathZ, ulong inode, int toRoot, byte[] toPathZ, uint how)
    {
        int from = OpenParent(fromRoot, pathZ, out byte[] nameZ);
        int to = OpenParent(toRoot, toPathZ, out byte[] toNameZ);
        if (from >= 0 && to >= 0 && TreeCalls.Status(from, nameZ, out FileStatus status) == 0 && status.Inode == inode)
            _ = TreeCalls.Rename(from, nameZ, to, toNameZ, how);
        TreeCalls.Close(ref from);
        TreeCalls.Close(ref to);
    }

    private static int OpenParent(int root, byte[] pathZ, out byte[] nameZ)
    {
        int slash = pathZ.AsSpan().LastIndexOf((byte)'/');
        nameZ = pathZ[(slash + 1)..];
        byte[] parentZ = slash < 0 ? [0] : [.. pathZ.AsSpan(0, slash), 0];
        return TreeCalls.OpenBeneath(root, parentZ, TreeCalls.O_PATH | TreeCalls.O_DIRECTORY);
    }

    private List<JournalStep> ReadSteps()
    {
        var steps = new List<JournalStep>();
        Check(TreeCalls.Seek(_file, 0), FileName);
        int length = 0;
        while (true)
        {
            int count = TreeCalls.Read(_file, _buffer.AsSpan(length));
            Check(count, FileName);
            length += count;
            ReadOnlySpan<byte> rest = _buffer.AsSpan(0, length);
            while (rest.Length >= sizeof(uint) && BinaryPrimitives.ReadInt32LittleEndian(rest) is > 0 and var size && size <= rest.Length - sizeof(uint))
            {
                var reader = new PayloadReader(rest.Slice(sizeof(uint), size));
                steps.Add(JournalStep.Read(ref reader));
                rest = rest[(sizeof(uint) + size)..];
            }

            // A step that is not whole was not told, so not done either.
            if (count == 0)
                return steps;
            rest.CopyTo(_buffer);
            length = rest.Length;
        }
    }

    private void Tell(in JournalStep step)
    {
        int size = step.Measure();
        BinaryPrimitives.WriteInt32LittleEndian(_buffer, size);
        var writer = new PayloadWriter(_buffer.AsSpan(sizeof(uint), size));
        step.Write(ref writer);
        Check(TreeCalls.WriteAll(_file, _buffer.AsSpan(0, sizeof(uint) + size)), step.Path);
    }

    private static ulong InodeOf(int directory, byte[] nameZ, byte[] pathZ)
    {
        Check(TreeCalls.Status(directory, nameZ, out FileStatus status), pathZ);
        return status.Inode;
    }

    private static void Check(int result, ReadOnlySpan<byte> path)
    {
        if (result < 0)
            throw TreeException.FromErrno(-result, path);
    }
}
