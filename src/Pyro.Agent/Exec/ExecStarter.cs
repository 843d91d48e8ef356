using System.Text;
using Pyro.Agent.Native;
using Pyro.Agent.Serving;
using Pyro.Protocol;

namespace Pyro.Agent.Exec;

/// <summary>Turns a request into a running command.</summary>
internal static class ExecStarter
{
    private const int NotExecutable = 126;
    private const int NotFound = 127;
    private const string Shell = "/bin/sh";

    /// <summary>Starts the command and joins it to the connection, or tells why not.</summary>
    public static void Start(AgentServer server, Connection connection, ExecRequest request)
    {
        if (server.IsShuttingDown)
        {
            connection.Fail(FailureCode.ShuttingDown, "the machine is stopping");
            return;
        }

        if (request.Tool)
        {
            // Nothing that the guest's disk holds decides what a tool is or does.
            request = new ExecRequest
            {
                Arguments = OwnProgram.Arguments(request.Arguments),
                WorkingDirectory = "/",
                TimeoutMilliseconds = request.TimeoutMilliseconds,
                Stdin = request.Stdin,
                Tool = true,
            };
        }

        var environment = new CommandEnvironment(request);
        string directory = DirectoryOf(request, environment);
        if (!directory.StartsWith('/') || !CommandLookup.IsDirectory(directory))
        {
            connection.Fail(FailureCode.BadDirectory, $"there is no directory {directory}");
            return;
        }

        string command = request.Arguments[0];
        int errno = 0;
        string? program = request.Tool ? OwnProgram.Path : CommandLookup.Find(command, environment.Path, directory, out errno);
        if (program is null)
        {
            TellNotRun(connection, request, errno);
            return;
        }

        int stdin = -1, stdout = -1, stderr = -1;
        Span<int> theirs = [-1, -1, -1];
        var tree = new ProcessTree();
        bool started = false;
        try
        {
            OpenStreams(request, theirs, ref stdin, ref stdout, ref stderr);
            tree.Mark(environment);
            string[] variables = environment.ToTexts();
            SpawnFailure failure = Spawner.Start(program, request.Arguments, variables, directory, theirs, request.Terminal is not null, tree.CgroupDirectory, out errno, out int processId);
            if (failure == SpawnFailure.Program && errno == Linux.ENOEXEC && CommandLookup.IsText(program, directory))
            {
                // A script without "#!": shells and execvp give it to sh.
                string[] script = [Shell, program, .. request.Arguments.Skip(1)];
                failure = Spawner.Start(Shell, script, variables, directory, theirs, request.Terminal is not null, tree.CgroupDirectory, out errno, out processId);
            }

            switch (failure)
            {
                case SpawnFailure.None:
                    started = true;
                    tree.OnStarted(processId);
                    var session = new ExecSession(server, connection, tree, stdin, stdout, stderr, request.TimeoutMilliseconds);
                    server.OnStarted(processId, session);
                    connection.BeginExec(session);
                    break;
                case SpawnFailure.Program:
                    TellNotRun(connection, request, errno);
                    break;
                case SpawnFailure.Directory:
                    connection.Fail(FailureCode.BadDirectory, $"{directory}: {LinuxException.Describe(errno)}");
                    break;
                default:
                    connection.Fail(FailureCode.SpawnFailed, $"{command}: {LinuxException.Describe(errno)}");
                    break;
            }
        }
        catch (LinuxException e) when (!started)
        {
            connection.Fail(FailureCode.SpawnFailed, e.Message);
        }
        finally
        {
            CloseAll(theirs);
            if (!started)
            {
                tree.Dispose();
                if (stdout == stdin)
                    stdout = -1;
                CloseAll([stdin, stdout, stderr]);
            }
        }
    }

    private static string DirectoryOf(ExecRequest request, CommandEnvironment environment)
    {
        if (request.WorkingDirectory.Length > 0)
            return request.WorkingDirectory;
        return environment.Home.StartsWith('/') && CommandLookup.IsDirectory(environment.Home) ? environment.Home : "/";
    }

    private static void OpenStreams(ExecRequest request, Span<int> theirs, ref int stdin, ref int stdout, ref int stderr)
    {
        if (request.Terminal is { } size)
        {
            PseudoTerminal.Create(size, out stdout, out int slave);
            stdin = stdout;
            theirs.Fill(slave);
            return;
        }

        if (request.Stdin)
            Pipe.Create(out theirs[0], out stdin, agentReads: false);
        else if ((theirs[0] = Sys.Open("/dev/null\0"u8, Linux.O_RDONLY)) < 0)
            throw LinuxException.Last("open", "/dev/null");

        Pipe.Create(out stdout, out theirs[1], agentReads: true);
        Pipe.Create(out stderr, out theirs[2], agentReads: true);
    }

    // Told as a shell would: a message where the command's own would be, and the exit code.
    private static void TellNotRun(Connection connection, ExecRequest request, int errno)
    {
        string command = request.Arguments[0];
        bool missing = errno is Linux.ENOENT or Linux.ENOTDIR;
        string reason = missing && !command.Contains('/') ? "command not found" : LinuxException.Describe(errno);
        bool terminal = request.Terminal is not null;
        byte[] text = Encoding.UTF8.GetBytes($"pyro: {Shorten(command)}: {reason}{(terminal ? "\r\n" : "\n")}");

        var frame = new byte[Wire.HeaderSize + text.Length];
        new FrameHeader(terminal ? FrameType.Stdout : FrameType.Stderr, text.Length).Write(frame);
        text.CopyTo(frame, Wire.HeaderSize);
        connection.Send(Frame.Encode(new StartedMessage(0)));
        connection.Send(frame);
        connection.Answer(new ExitedMessage(missing ? NotFound : NotExecutable, 0, false));
    }

    private static string Shorten(string command) => command.Length > 4096 ? command[..4096] + "..." : command;

    private static void CloseAll(ReadOnlySpan<int> descriptors)
    {
        int last = -1;
        foreach (int descriptor in descriptors)
        {
            int open = descriptor == last ? -1 : descriptor;
            last = descriptor;
            Sys.Close(ref open);
        }
    }
}
