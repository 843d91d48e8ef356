namespace Pyro.Protocol;

/// <summary>
/// What a frame is. 0x01 to 0x1f open a connection (requests), 0x20 to 0x3f go to the guest after a request, 0x40 and
/// above come from the guest; 0x60 to 0x7f are spoken with a guest tool, on its standard input and output. A type unknown to its receiver is refused as a request and skipped otherwise.
/// </summary>
public enum FrameType : byte
{
    /// <summary>Never sent.</summary>
    None = 0,

    /// <summary>Run a command: <see cref="ExecRequest"/>.</summary>
    Exec = 0x01,

    /// <summary>Stop the machine: <see cref="PowerOffRequest"/>.</summary>
    PowerOff = 0x02,

    /// <summary>Ask about the agent, also used as a ping: <see cref="InfoRequest"/>.</summary>
    Info = 0x04,

    /// <summary>Write everything to disk: <see cref="SyncRequest"/>.</summary>
    Sync = 0x05,

    /// <summary>Go on from a snapshot as a machine of its own: <see cref="ResumeRequest"/>.</summary>
    Resume = 0x06,

    /// <summary>Keep all processes still for as long as the connection lasts: <see cref="HoldRequest"/>.</summary>
    Hold = 0x07,

    /// <summary>Bytes for the command's standard input; never more than credit was granted for.</summary>
    Stdin = 0x20,

    /// <summary>The command's standard input ends here.</summary>
    StdinEof = 0x21,

    /// <summary>Send a signal to the command: <see cref="SignalMessage"/>.</summary>
    Signal = 0x22,

    /// <summary>The terminal changed its size: <see cref="ResizeMessage"/>.</summary>
    Resize = 0x23,

    /// <summary>The agent is up: <see cref="AgentReady"/>. Only on the ready connection.</summary>
    Ready = 0x40,

    /// <summary>The command runs: <see cref="StartedMessage"/>.</summary>
    Started = 0x41,

    /// <summary>Bytes from the command's standard output, or from its terminal.</summary>
    Stdout = 0x42,

    /// <summary>Bytes from the command's standard error.</summary>
    Stderr = 0x43,

    /// <summary>The host may send so many more bytes of standard input: <see cref="StdinCreditMessage"/>.</summary>
    StdinCredit = 0x44,

    /// <summary>The command ended, last frame of an exec: <see cref="ExitedMessage"/>.</summary>
    Exited = 0x45,

    /// <summary>The request failed, last frame of its connection: <see cref="FailedMessage"/>.</summary>
    Failed = 0x46,

    /// <summary>The request is done and has no result; empty payload.</summary>
    Done = 0x47,

    /// <summary>The answer to an info request: <see cref="AgentInfo"/>.</summary>
    InfoReply = 0x48,

    /// <summary>The answer to a hold request: all processes stand still. Empty payload; the connection stays.</summary>
    Held = 0x49,

    /// <summary>To the tool <c>list</c>: <see cref="ListFilesRequest"/>.</summary>
    ListFiles = 0x60,

    /// <summary>To the tool <c>read</c>: <see cref="ReadFilesRequest"/>.</summary>
    ReadFiles = 0x61,

    /// <summary>To the tool <c>edit</c>: <see cref="EditOperation"/>, as often as there is something to do.</summary>
    EditOperation = 0x62,

    /// <summary>To the tool <c>tar-in</c>: <see cref="ReceiveTreeRequest"/>.</summary>
    ReceiveTree = 0x63,

    /// <summary>To the tool <c>tar-out</c>: <see cref="SendTreeRequest"/>.</summary>
    SendTree = 0x64,

    /// <summary>To the tool <c>changes</c>: <see cref="ChangesRequest"/>.</summary>
    Changes = 0x65,

    /// <summary>To and from tools: a part of a file's content or of an archive.</summary>
    ToolData = 0x68,

    /// <summary>To and from tools: what began is complete; empty payload. Without it a tool carries out nothing.</summary>
    ToolEnd = 0x69,

    /// <summary>From the tool <c>list</c>: <see cref="FileEntriesMessage"/>.</summary>
    FileEntries = 0x70,

    /// <summary>From the tool <c>read</c>: <see cref="FileContentMessage"/>, then content, then <see cref="ToolEnd"/>.</summary>
    FileContent = 0x71,

    /// <summary>From a tool, its last frame: <see cref="ToolDoneMessage"/>.</summary>
    ToolDone = 0x72,

    /// <summary>From a tool: <see cref="ToolFailedMessage"/>; its last frame, but for one file of several in <c>read</c>.</summary>
    ToolFailed = 0x73,

    /// <summary>From the tool <c>changes</c>, its first frame: <see cref="ChangesFoundMessage"/>.</summary>
    ChangesFound = 0x74,

    /// <summary>From the tool <c>changes</c>: <see cref="TreeChangeMessage"/>, then content.</summary>
    TreeChange = 0x75,
}
