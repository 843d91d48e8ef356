namespace Pyro.Mcp.Tools;

/// <summary>One argument of a tool.</summary>
/// <param name="name">Its name.</param>
/// <param name="schema">Its JSON schema, with a description for models.</param>
/// <param name="isRequired">Whether a call must have it.</param>
internal sealed class ToolArgument(string name, string schema, bool isRequired = false)
{
    internal string Name => name;

    internal string Schema => schema;

    internal bool IsRequired => isRequired;
}
