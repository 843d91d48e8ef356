using Pyro.Protocol;

namespace Pyro.Agent.Exec;

/// <summary>The environment of a command: the defaults, with the request's variables over them.</summary>
internal sealed class CommandEnvironment
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private readonly List<EnvironmentVariable> _variables = [];

    public CommandEnvironment(ExecRequest request)
    {
        if (!request.ClearEnvironment)
        {
            _variables.Add(new("PATH", DefaultPath));
            _variables.Add(new("HOME", "/root"));
            _variables.Add(new("USER", "root"));
            _variables.Add(new("LOGNAME", "root"));
            _variables.Add(new("LANG", "C.UTF-8"));
            if (request.Terminal is not null)
                _variables.Add(new("TERM", "xterm-256color"));
        }

        foreach (EnvironmentVariable variable in request.Environment)
            Set(variable);
    }

    /// <summary>Where commands are looked up.</summary>
    public string Path => Get("PATH") ?? DefaultPath;

    /// <summary>The home folder, or an empty text.</summary>
    public string Home => Get("HOME") ?? "";

    public void Set(EnvironmentVariable variable)
    {
        int index = IndexOf(variable.Name);
        if (index < 0)
            _variables.Add(variable);
        else
            _variables[index] = variable;
    }

    /// <summary>NAME=value texts, as execve takes them.</summary>
    public string[] ToTexts()
    {
        var texts = new string[_variables.Count];
        for (int i = 0; i < texts.Length; i++)
            texts[i] = string.Concat(_variables[i].Name, "=", _variables[i].Value);
        return texts;
    }

    private string? Get(string name)
    {
        int index = IndexOf(name);
        return index < 0 ? null : _variables[index].Value;
    }

    private int IndexOf(string name)
    {
        for (int i = 0; i < _variables.Count; i++)
        {
            if (_variables[i].Name == name)
                return i;
        }

        return -1;
    }
}
