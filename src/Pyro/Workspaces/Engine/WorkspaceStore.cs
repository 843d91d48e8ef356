using Pyro.Files;

namespace Pyro.Workspaces.Engine;

/// <summary>The user's workspaces: a folder each. Any number of processes can use one store at once.</summary>
/// <param name="root">The folder that has them.</param>
internal sealed class WorkspaceStore(string root)
{
    private const string NamesLock = "names";
    private static readonly TimeSpan s_lockLimit = TimeSpan.FromSeconds(120);

    internal WorkspaceStore(PyroPaths paths)
        : this(paths.Workspaces)
    {
    }

    /// <summary>Workspace ids are the names of its folders.</summary>
    internal FolderStore Folders { get; } = new(root);

    /// <summary>A workspace by its id, a unique beginning of it, or its name.</summary>
    /// <exception cref="PyroException">There is none, or more than one.</exception>
    internal WorkspaceFolder Find(string reference)
    {
        IReadOnlyList<DirectoryInfo> all = Folders.All();
        if (reference.Length > 0)
        {
            string[] ids = [.. all.Select(static f => f.Name)];
            string? named = Array.Find(ids, id => id == reference) ?? Array.Find(ids, id => NameOf(id) == reference);
            string[] begun = named is not null ? [named] : [.. ids.Where(id => id.StartsWith(reference, StringComparison.Ordinal))];
            if (begun.Length == 1)
                return FolderOf(begun[0]);
            if (begun.Length > 1)
                throw new PyroException(ErrorCodes.WorkspaceNotFound, $"{begun.Length} workspaces have an id that begins with '{reference}'", "Give more of it: pyro workspace list");
        }

        throw new PyroException(ErrorCodes.WorkspaceNotFound, $"there is no workspace '{reference}'", "See which there are: pyro workspace list");
    }

    internal WorkspaceFolder FolderOf(string id) => new(Folders.PathOf(id), id);

    /// <summary>All of them as they are now, the last made first.</summary>
    internal IReadOnlyList<Workspace> List() =>
        [.. Folders.All().Select(folder => Describe(FolderOf(folder.Name))).OfType<Workspace>().OrderByDescending(static w => w.CreatedAt).ThenBy(static w => w.WorkspaceId, StringComparer.Ordinal)];

    /// <summary>A workspace as it is now; null if it has just been deleted.</summary>
    internal static Workspace? Describe(WorkspaceFolder folder)
    {
        try
        {
            return Describe(folder, folder.Load());
        }
        catch (PyroException e) when (e.Code == ErrorCodes.WorkspaceDamaged)
        {
            return Directory.Exists(folder.Path) ? Damaged(folder, e.Message) : null;
        }
    }

    internal static Workspace Describe(WorkspaceFolder folder, WorkspaceRecord record)
    {
        (WorkspaceState state, string? reason) = WorkspaceMachines.StateOf(folder, record);
        var history = new History(folder);
        return new Workspace
        {
            WorkspaceId = record.WorkspaceId,
            Name = record.Name,
            Labels = record.Labels,
            Environment = record.Environment,
            State = state,
            StopReason = reason,
            WorkspaceSeed = record.WorkspaceSeed,
            VcpuCount = record.VcpuCount,
            MemMib = record.MemMib,
            CommandCount = history.CommandCount,
            ResetCount = record.ResetCount,
            LastResetAt = record.LastResetAt,
            CreatedAt = record.CreatedAt,
            LastActivityAt = Latest(record.CreatedAt, record.LastResetAt, history.LastActivity),
            ExpiresAt = record.ExpiresAt,
            ForkedFrom = record.ForkedFrom,
        };
    }

    /// <summary>Takes a workspace's lock: whoever changes its record, machine or layers holds it.</summary>
    /// <exception cref="PyroException">Somebody has had it for too long, or the workspace is gone.</exception>
    internal async Task<FileLock> LockAsync(WorkspaceFolder folder, CancellationToken cancellationToken)
    {
        FileLock held = await LockNameAsync(folder.Id, cancellationToken).ConfigureAwait(false);
        if (Directory.Exists(folder.Path))
            return held;
        File.Delete(held.Path);
        held.Dispose();
        throw new PyroException(ErrorCodes.WorkspaceNotFound, $"the workspace {folder.Id} has been deleted", "See which there are: pyro workspace list");
    }

    /// <summary>Takes the lock under which names are given.</summary>
    /// <exception cref="PyroException">Somebody has had it for too long.</exception>
    internal Task<FileLock> LockNamesAsync(CancellationToken cancellationToken) => LockNameAsync(NamesLock, cancellationToken);

    /// <exception cref="PyroException">Another workspace has the name.</exception>
    internal void RequireFreeName(string? name, string? exceptId = null)
    {
        if (name is not null && Folders.All().Any(folder => folder.Name != exceptId && NameOf(folder.Name) == name))
            throw new PyroException(ErrorCodes.WorkspaceExists, $"another workspace is called '{name}'", "Choose another name, or delete that workspace.");
    }

    private async Task<FileLock> LockNameAsync(string name, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_lockLimit);
        try
        {
            return await Folders.LockAsync(name, static () => { }, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PyroException(ErrorCodes.WorkspaceBusy, $"another process has worked on workspace {name} for {s_lockLimit.TotalSeconds} seconds", "Try again when it is done.");
        }
    }

    private string? NameOf(string id)
    {
        try
        {
            return FolderOf(id).Load().Name;
        }
        catch (PyroException)
        {
            return null; // a damaged one is found by its id
        }
    }

    private static Workspace Damaged(WorkspaceFolder folder, string why) => new()
    {
        WorkspaceId = folder.Id,
        Labels = new Dictionary<string, string>(),
        Environment = "",
        State = WorkspaceState.Damaged,
        StopReason = why,
        WorkspaceSeed = new WorkspaceSeed("unknown"),
        VcpuCount = 0,
        MemMib = 0,
        CreatedAt = Directory.GetCreationTimeUtc(folder.Path),
        LastActivityAt = Directory.GetLastWriteTimeUtc(folder.Path),
    };

    private static DateTimeOffset Latest(DateTimeOffset first, params DateTimeOffset?[] others)
    {
        DateTimeOffset latest = first;
        foreach (DateTimeOffset? other in others)
            latest = other > latest ? other.Value : latest;
        return latest;
    }
}
