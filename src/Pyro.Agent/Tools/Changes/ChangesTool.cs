using System.Text;
using Pyro.Protocol;
using Pyro.Trees;
using Pyro.Trees.Ext4;

namespace Pyro.Agent.Tools.Changes;

/// <summary>
/// Tells what differs between the tree and an older state of its file system. The inode tables of both say which inodes
/// to look at; nothing else is read but names. Where the devices are not as expected, both trees are walked in full.
/// </summary>
internal sealed class ChangesTool
{
    /// <summary>How much of two large files of one size is compared before they count as different.</summary>
    private const ulong MostCompared = 256 << 20;

    // The tool needs nothing of /proc, and there is no other directory that is always there and covers no file.
    private static readonly byte[] s_mountPoint = "/proc\0"u8.ToArray();

    private readonly ToolStreams _streams;
    private readonly WorkRoot _root;
    private readonly ChangesRequest _request;
    private readonly IBaseline _baseline;
    private readonly byte[] _oldBuffer = new byte[ChangesRequest.MostFileBytes];
    // One more: a file that has grown is told from one that just fits.
    private readonly byte[] _newBuffer = new byte[ChangesRequest.MostFileBytes + 1];
    private readonly int _mostFileBytes;
    private ulong _told;
    private ulong _bytes;

    private ChangesTool(ToolStreams streams, WorkRoot root, in ChangesRequest request, IBaseline baseline)
    {
        _streams = streams;
        _root = root;
        _request = request;
        _baseline = baseline;
        _mostFileBytes = (int)Math.Min(request.MaxFileBytes, ChangesRequest.MostFileBytes);
    }

    public static ToolDoneMessage Run(ToolStreams streams, WorkRoot root)
    {
        ChangesRequest request = streams.Read<ChangesRequest>();
        int result = DeviceCalls.SyncFileSystem(root.Directory);
        if (result < 0)
            throw TreeException.FromErrno(-result, root.Path);
        IBaseline? baseline = null;
        try
        {
            HashSet<uint>? changed = null;
            List<Candidate>? candidates = null;
            bool truncated = false;
            string fullWalk = "";
            try
            {
                if (request.Device.Length == 0)
                    throw new Ext4Exception("it was asked for");
                var old = new Ext4Volume(request.OldDevice, mounted: false);
                baseline = new DeviceBaseline(old, Encoding.UTF8.GetBytes(request.TreePath));
                using var now = new Ext4Volume(request.Device, mounted: true);
                changed = ChangedInodes.Find(old, now);
                candidates = ChangesWalk.Find(baseline, changed, now, root, request.MaxChanges, out truncated);
            }
            catch (Ext4Exception e)
            {
                fullWalk = e.Message;
            }

            if (candidates is null)
            {
                baseline?.Dispose();
                changed = null;
                baseline = new MountedBaseline(MountOld(request) + "/" + request.TreePath);
                candidates = ChangesWalk.Find(baseline, null, null, root, request.MaxChanges, out truncated);
            }

            streams.Send(new ChangesFoundMessage(fullWalk));
            var tool = new ChangesTool(streams, root, request, baseline!);
            tool.Tell(candidates, changed);
            return new ToolDoneMessage(tool._told, tool._bytes, truncated);
        }
        catch (Ext4Exception e)
        {
            throw new TreeException(ToolFailure.SystemError, request.OldDevice, e.Message);
        }
        finally
        {
            baseline?.Dispose();
        }
    }

    private static string MountOld(in ChangesRequest request)
    {
        if (request.OldRoot.Length > 0)
            return request.OldRoot;
        int result = DeviceCalls.MountPrivately([.. Encoding.UTF8.GetBytes(request.OldDevice), 0], s_mountPoint);
        return result == 0 ? Encoding.UTF8.GetString(s_mountPoint.AsSpan()[..^1]) : throw TreeException.FromErrno(-result, request.OldDevice);
    }

    private void Tell(List<Candidate> candidates, HashSet<uint>? changed)
    {
        Dictionary<ulong, Candidate> moved = changed is null ? [] : Moved(candidates, changed);
        var movedFrom = new HashSet<Candidate>(moved.Values);
        foreach (Candidate candidate in candidates)
        {
            if (movedFrom.Contains(candidate))
                continue;
            if (candidate.Old is null && moved.Remove(candidate.NewInode, out Candidate? from))
                TellMoved(candidate, from);
            else
                Tell(candidate);
        }
    }

    /// <summary>
    /// Files that are what they were, in a directory that was renamed: they came and went without being changed. By the
    /// inode; only where it has one old and one new name.
    /// </summary>
    private static Dictionary<ulong, Candidate> Moved(List<Candidate> candidates, HashSet<uint> changed)
    {
        var came = new Dictionary<ulong, int>();
        var gone = new Dictionary<ulong, Candidate?>();
        foreach (Candidate candidate in candidates)
        {
            if (candidate.Old is null && !changed.Contains((uint)candidate.NewInode))
                came[candidate.NewInode] = came.GetValueOrDefault(candidate.NewInode) + 1;
            else if (candidate is { NewInode: 0, Old: { Kind: FileKind.File or FileKind.Link } old } && !changed.Contains((uint)old.Inode))
                gone[old.Inode] = gone.ContainsKey(old.Inode) ? null : candidate;
        }

        return gone.Where(pair => pair.Value is not null && came.GetValueOrDefault(pair.Key) == 1).ToDictionary(pair => pair.Key, pair => pair.Value!);
    }

    private void TellMoved(Candidate to, Candidate from)
    {
        TreeSide side = _baseline.Describe(from.Old!);
        Send(new TreeChangeMessage(to.Path, from.Path, side, side), default, default);
    }

    private void Tell(Candidate candidate)
    {
        TreeSide old = candidate.Old is { } entry ? _baseline.Describe(entry) : default;
        TreeSide now = default;
        if (candidate.NewInode != 0 && TreeCalls.Status(_root.Directory, [.. candidate.Path, 0], out FileStatus status) == 0)
            now = new TreeSide(status.Kind, status.Mode, status.Size, false);
        if (old.Kind == now.Kind && old.Kind is not (FileKind.File or FileKind.Link) && old.Mode == now.Mode)
            return;

        Span<byte> oldContent = default;
        Span<byte> newContent = default;
        if (candidate.Old is not null && TryReadOld(candidate.Old, old, out int length))
        {
            old = old with { HasContent = true };
            oldContent = _oldBuffer.AsSpan(0, length);
        }

        if (TryReadNew(candidate.Path, now, out length))
        {
            now = now with { HasContent = true, Size = (ulong)length };
            newContent = _newBuffer.AsSpan(0, length);
        }

        if (old.Kind == now.Kind && old.Mode == now.Mode && old.Size == now.Size)
        {
            if (old.HasContent ? oldContent.SequenceEqual(newContent) : IsSameLarge(candidate, old.Size))
                return;
        }

        if (_bytes + (ulong)oldContent.Length + (ulong)newContent.Length > _request.MaxBytes)
            (old, now) = (old with { HasContent = false }, now with { HasContent = false });
        Send(new TreeChangeMessage(candidate.Path, default, old, now), oldContent, newContent);
    }

    private bool TryReadOld(OldEntry entry, in TreeSide side, out int length)
    {
        length = 0;
        if (side.Kind is not (FileKind.File or FileKind.Link) || side.Size > (ulong)_mostFileBytes)
            return false;
        length = _baseline.Read(entry, 0, _oldBuffer.AsSpan(0, (int)side.Size));
        return true;
    }

    /// <summary>Reads a file that others may be writing: it may have another size than it was told to have.</summary>
    private bool TryReadNew(byte[] path, in TreeSide side, out int length)
    {
        length = 0;
        if (side.Kind is not (FileKind.File or FileKind.Link) || side.Size > (ulong)_mostFileBytes)
            return false;
        byte[] pathZ = [.. path, 0];
        if (side.Kind == FileKind.Link)
        {
            length = Math.Max(0, TreeCalls.ReadLink(_root.Directory, pathZ, _newBuffer));
            return true;
        }

        int file = TreeCalls.OpenBeneath(_root.Directory, pathZ, TreeCalls.O_RDONLY | TreeCalls.O_NOFOLLOW | TreeCalls.O_NONBLOCK);
        if (file < 0)
            return false;
        length = DeviceCalls.ReadAt(file, _newBuffer, 0);
        TreeCalls.Close(ref file);
        return length >= 0 && length <= _mostFileBytes;
    }

    private bool IsSameLarge(Candidate candidate, ulong size)
    {
        if (size > MostCompared)
            return false;
        int file = TreeCalls.OpenBeneath(_root.Directory, [.. candidate.Path, 0], TreeCalls.O_RDONLY | TreeCalls.O_NOFOLLOW | TreeCalls.O_NONBLOCK);
        if (file < 0)
            return false;
        bool same = true;
        for (ulong at = 0; same && at < size; at += (ulong)_oldBuffer.Length)
        {
            int old = _baseline.Read(candidate.Old!, at, _oldBuffer);
            int now = DeviceCalls.ReadAt(file, _newBuffer.AsSpan(0, _oldBuffer.Length), (long)at);
            same = old == now && _oldBuffer.AsSpan(0, old).SequenceEqual(_newBuffer.AsSpan(0, now));
        }

        TreeCalls.Close(ref file);
        return same;
    }

    private void Send(in TreeChangeMessage change, ReadOnlySpan<byte> oldContent, ReadOnlySpan<byte> newContent)
    {
        _streams.Send(change);
        if (change.Old.HasContent)
            SendContent(oldContent);
        if (change.New.HasContent)
            SendContent(newContent);
        _told++;
    }

    private void SendContent(ReadOnlySpan<byte> content)
    {
        _bytes += (ulong)content.Length;
        while (!content.IsEmpty)
        {
            int count = Math.Min(content.Length, _streams.Buffer.Length);
            content[..count].CopyTo(_streams.Buffer);
            _streams.SendBuffer(FrameType.ToolData, count);
            content = content[count..];
        }

        _streams.SendBuffer(FrameType.ToolEnd, 0);
    }
}
