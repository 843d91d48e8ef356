using System.CommandLine;
using Pyro.Cli.Output;

namespace Pyro.Cli.Commands;

/// <summary><c>pyro completion</c>: a script by which a shell asks pyro what can come next.</summary>
internal static class CompletionCommand
{
    internal const string Name = "completion";

    // Bash counts a colon as the end of a word, so what stands before it must be taken off each answer.
    private const string Bash = """
        _pyro() {
            local line=${COMP_LINE:0:COMP_POINT} word answer
            COMPREPLY=()
            case $line in *' -- '*) return ;; esac
            word=${line##* }
            while IFS= read -r answer; do
                case $answer in
                    "$word"*) [ "${word#*:}" = "$word" ] || answer=${answer#"${word%:*}":}
                        COMPREPLY+=("$answer") ;;
                esac
            done < <(pyro "[suggest:${#line}]" "$line" 2>/dev/null)
        }
        complete -o default -F _pyro pyro
        """;

    private const string Zsh = """
        #compdef pyro
        _pyro() {
            local line="${BUFFER[1,CURSOR]}"
            if [[ $line == *' -- '* ]]; then _normal; return; fi
            local -a answers
            answers=("${(@f)$(pyro "[suggest:${#line}]" "$line" 2>/dev/null)}")
            compadd -a answers
        }
        if [ "$funcstack[1]" = "_pyro" ]; then _pyro "$@"; else compdef _pyro pyro; fi
        """;

    private const string Fish = """
        function __pyro_complete
            set -l line (commandline -cp)
            string match -q -- '* -- *' $line; and return
            pyro "[suggest:"(string length -- $line)"]" "$line" 2>/dev/null
        end
        complete -c pyro -f -n 'not string match -q -- "* -- *" (commandline -cp)' -a '(__pyro_complete)'
        """;

    internal static Command Build()
    {
        var shell = new Argument<string>("SHELL") { HelpName = "SHELL", Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var completion = new Command(Name, "Print a script for shell completion.") { shell };
        completion.SetAction(parsed =>
        {
            Report.Out.WriteLine(parsed.GetRequiredValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return ExitCodes.Ok;
        });
        return completion;
    }
}
