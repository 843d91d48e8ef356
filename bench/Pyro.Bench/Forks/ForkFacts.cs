namespace Pyro.Bench.Forks;

/// <summary>What was seen of one running machine and its forks; <c>ForkTests</c> says what must hold of it.</summary>
/// <param name="Machines">The source first, then its forks, then a fork of its first fork.</param>
/// <param name="Acknowledged">The last number that the source's counter had told before it was forked: written to its disk and synced.</param>
/// <param name="SourceCounted">What the counter of the source told from its beginning to its end, over its command's stream.</param>
/// <param name="SpokenToOrphan">What the first fork said once its source was gone.</param>
/// <param name="StuckFork">The error of forking a machine with a process that waits for its frozen disk.</param>
/// <param name="AfterStuckFork">What a fork said after that disk was let go.</param>
/// <param name="FailedFork">The error of a call for three forks of which one could not be started.</param>
/// <param name="FailedForkLeft">How many more machines' processes there were after it than machines.</param>
/// <param name="NamelessFiles">How many nameless files this process had open: before, with all machines, and after all were gone.</param>
/// <param name="Descriptors">How many descriptors it had: before and after.</param>
internal sealed record ForkFacts(
    IReadOnlyList<MachineFacts> Machines,
    long Acknowledged,
    IReadOnlyList<long> SourceCounted,
    string SpokenToOrphan,
    string StuckFork,
    string AfterStuckFork,
    string FailedFork,
    int FailedForkLeft,
    IReadOnlyList<int> NamelessFiles,
    IReadOnlyList<int> Descriptors);

/// <summary>What was seen of one of the machines, some time after it was forked.</summary>
/// <param name="Name">Which it is.</param>
/// <param name="StartMode">How it started.</param>
/// <param name="MachineId">Its <c>/etc/machine-id</c>.</param>
/// <param name="HostName">Its host name.</param>
/// <param name="ClockIsRight">Whether its clock agreed with the host's to a second.</param>
/// <param name="Listener">What a server said that was started in the source.</param>
/// <param name="Counted">What its counter had written by then.</param>
/// <param name="CountsOn">Whether the counter went on.</param>
/// <param name="Marks">The files that were written in single machines after the fork, as far as it sees them.</param>
/// <param name="Draws">By the name of what they were drawn from, all values drawn after this machine had its id.</param>
internal sealed record MachineFacts(
    string Name,
    string StartMode,
    string MachineId,
    string HostName,
    bool ClockIsRight,
    string Listener,
    IReadOnlyList<long> Counted,
    bool CountsOn,
    IReadOnlyList<string> Marks,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Draws);
