using Pyro.Protocol;
using Pyro.Trees;
using Pyro.Trees.Tar;

namespace Pyro.Agent.Tools;

/// <summary>
/// Takes an archive into the stage and merges it into the tree by as few renames as can be: a directory that is not there
/// yet is one, however much is in it.
/// </summary>
internal sealed class TarInTool
{
    private const int OpenDirectory = TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY;
    private readonly Journal _journal;

    private TarInTool(Journal journal) => _journal = journal;

    private static ReadOnlySpan<byte> TreeName => "tree\0"u8;

    public static ToolDoneMessage Run(ToolStreams streams, WorkRoot root)
    {
        ReceiveTreeRequest request = streams.Read<ReceiveTreeRequest>();
        byte[] destination = WorkRoot.Parse(request.Destination);
        using Stage stage = Stage.Create(root);
        Check(TreeCalls.MakeDirectory(stage.Folder, TreeName, 0x1ed), TreeName);
        int tree = TreeCalls.Open(stage.Folder, TreeName, OpenDirectory);
        Check(tree, TreeName);
        using var extractor = new TreeExtractor(tree, new ExtractionRules { NoUmask = true });
        extractor.Extract(new TarReader(new FrameTarInput(streams)));
        stage.Apply(journal => new TarInTool(journal).MergeInto(root, destination, tree, stage));
        TreeCalls.Close(ref tree);
        return new ToolDoneMessage(extractor.Entries, extractor.Bytes, false);
    }

    private void MergeInto(WorkRoot root, byte[] destinationZ, int tree, Stage stage)
    {
        if (destinationZ.Length > 1)
            Parents.Make(root, stage, _journal, [.. destinationZ.AsSpan(0, destinationZ.Length - 1), .. "/x\0"u8]);
        int destination = root.Open(destinationZ, OpenDirectory);
        Merge(tree, destination, [.. TreeName[..^1]], destinationZ[..^1], 0);
        TreeCalls.Close(ref destination);
    }

    private void Merge(int staged, int target, byte[] stagedPath, byte[] targetPath, int depth)
    {
        if (depth == TreePath.Deepest)
            throw new TreeException(ToolFailure.TooLarge, TreeException.Text(targetPath), "the tree is too deep");

        int listing = TreeCalls.Open(staged, ".\0"u8, OpenDirectory);
        foreach ((byte[] nameZ, _) in DirectoryReader.Read(listing, targetPath))
        {
            byte[] from = [.. stagedPath, (byte)'/', .. nameZ];
            byte[] to = targetPath.Length == 0 ? nameZ : [.. targetPath, (byte)'/', .. nameZ];
            Check(TreeCalls.Status(staged, nameZ, out FileStatus brought), to);
            int result = TreeCalls.Status(target, nameZ, out FileStatus there);
            if (result == -Errno.ENOENT)
            {
                _journal.Place(target, nameZ, to, staged, nameZ, from);
                continue;
            }

            Check(result, to);
            if (there.Kind != FileKind.Directory)
                _journal.Swap(target, nameZ, to, staged, nameZ, from);
            else if (brought.Kind == FileKind.Directory)
                MergeDirectory(staged, target, nameZ, from, to, brought, there, depth);
            else
                throw new TreeException(ToolFailure.IsDirectory, TreeException.Text(to), "is a directory here and none in what is brought");
        }

        TreeCalls.Close(ref listing);
    }

    private void MergeDirectory(int staged, int target, byte[] nameZ, byte[] from, byte[] to, in FileStatus brought, in FileStatus there, int depth)
    {
        int innerStaged = TreeCalls.Open(staged, nameZ, OpenDirectory);
        Check(innerStaged, to);
        int innerTarget = TreeCalls.Open(target, nameZ, OpenDirectory);
        Check(innerTarget, to);
        // Told before what is in it changes its mtime, and so undone after that.
        _journal.TellAttributes(to, there);
        Merge(innerStaged, innerTarget, from[..^1], to[..^1], depth + 1);
        Check(TreeCalls.SetMode(innerTarget, brought.Mode), to);
        Check(TreeCalls.SetModified(innerTarget, brought.ModifiedNanoseconds), to);
        TreeCalls.Close(ref innerStaged);
        TreeCalls.Close(ref innerTarget);
    }

    private static void Check(int result, ReadOnlySpan<byte> path)
    {
        if (result < 0)
            throw TreeException.FromErrno(-result, path);
    }
}
