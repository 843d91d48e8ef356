using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Pyro.Cli.Output;

namespace Pyro.Cli.Commands;

/// <summary>Help that teaches: examples below what System.CommandLine prints.</summary>
internal static class Examples
{
    private static readonly (string Command, string Text)[] s_examples =
    [
        ("pyro", """
              pyro run debian:12 -- git --version          one command in a machine of its own
              echo hi | pyro run debian:12 -i -- cat       its input and output are yours
              pyro run debian:12 -it -- bash               a shell in it
              pyro doctor                                  can this host run machines, and if not, why
              pyro demo                                    the life of a machine, step by step
            """),
        ("pyro run", """
              pyro run debian:12 -- git --version
              pyro run debian:12 --interactive --tty -- bash
              tar c . | pyro run debian:12 -i -- sh -c 'tar x -C /tmp && ls /tmp'
              pyro run debian:12-build --vcpu-count 4 --mem-mib 4096 --timeout-seconds 600 -- make -j4
              pyro run debian:12 --env LANG=C.UTF-8 --workdir /tmp -- env
              pyro run debian:12 --json -- sh -c 'echo out; echo err >&2; exit 3'
              pyro run debian:12 --stats -- git --version

            Exit codes:
              the command's own; 124 at its time limit; 126 not executable; 127 not found;
              125 if pyro itself failed; 2 for bad usage
            """),
        ("pyro env", """
              pyro env list                                which environments there are
              pyro env pull debian:12                      install one
              pyro env inspect debian:12 --json            what it is made of
            """),
        ("pyro prepare", """
              pyro prepare                                 debian:12, so that the first run is quick too
              pyro prepare debian:12-build --vcpu-count 4 --mem-mib 4096
            """),
        ("pyro doctor", """
              pyro doctor                                  every check, and what to do about what failed
              pyro doctor --environment debian:12-build --json
            """),
        ("pyro bench boot", """
              pyro bench boot --runs 50                    medians of fifty cold machines
              pyro bench boot --start warm --machines 10   ten at once from one snapshot
              pyro bench boot --start fork --machines 10   ten forks of one running machine
              pyro bench boot --history boot.jsonl --svg boot.svg --commit "$(git rev-parse --short HEAD)"
            """),
        ("pyro workspace summary", """
              pyro workspace summary work                  commands, edits, changed files: under 40 lines
              pyro workspace summary work --json           the same for programs
            """),
        ("pyro workspace disk", """
              pyro workspace stop work                     a running machine's disk changes: stop it first
              pyro workspace disk list work /etc           what is in a folder, without a boot
              pyro workspace disk read work notes.txt      /workspace/notes.txt
              pyro workspace disk export work -o work.ext4
              sudo mount -o ro,loop work.ext4 /mnt         what was exported is an ordinary file system
            """),
        ("pyro mcp serve", """
              pyro mcp serve                               workspaces and vm_run, over standard input and output
              pyro mcp serve --profile vm-run              vm_run alone
              pyro mcp serve --project-path ~/src/app      new workspaces begin with that project
              claude mcp add pyro -- pyro mcp serve
            """),
        ("pyro completion", """
              source <(pyro completion bash)               in this shell
              pyro completion zsh > ~/.zfunc/_pyro         for zsh, with ~/.zfunc in fpath
              pyro completion fish > ~/.config/fish/completions/pyro.fish
            """),
    ];

    internal static void Install(RootCommand root)
    {
        foreach (Option option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction usual } help)
                help.Action = new Action(usual);
        }
    }

    /// <summary>A command as it is typed, as <c>pyro env list</c>.</summary>
    internal static string PathOf(Command command)
    {
        foreach (Symbol parent in command.Parents)
        {
            if (parent is Command above)
                return $"{PathOf(above)} {command.Name}";
        }
        return "pyro";
    }

    private sealed class Action(HelpAction usual) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            int code = usual.Invoke(parseResult);
            string path = PathOf(parseResult.CommandResult.Command);
            foreach ((string command, string text) in s_examples)
            {
                if (command == path)
                    Report.Out.WriteLine($"Examples:\n{text}");
            }
            return code;
        }
    }
}
