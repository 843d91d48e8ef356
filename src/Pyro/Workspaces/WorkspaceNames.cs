namespace Pyro.Workspaces;

/// <summary>What workspaces, snapshots and labels may be called.</summary>
internal static class WorkspaceNames
{
    private const int MaxName = 64, MaxLabels = 64, MaxLabelValue = 1024;

    internal static void RequireName(string? name)
    {
        if (name is not null && !IsWord(name))
            throw Invalid($"the name '{name}' is not one", "Use 1 to 64 letters, digits, dots, dashes and underscores; the first is a letter or digit.");
        // An id's prefix would mean the one or the other.
        if (name is { Length: 12 } && name.All(char.IsAsciiHexDigit))
            throw Invalid($"the name '{name}' looks like a workspace's id", "Choose one that is not 12 hexadecimal digits.");
    }

    internal static void RequireSnapshot(string name)
    {
        if (!IsWord(name))
            throw Invalid($"the snapshot name '{name}' is not one", "Use 1 to 64 letters, digits, dots, dashes and underscores; the first is a letter or digit.");
        if (name == WorkspaceSnapshot.Baseline)
            throw Invalid("the baseline is made with the workspace and stays as it is", "Choose another name.");
    }

    internal static void RequireLabels(IReadOnlyDictionary<string, string> labels)
    {
        if (labels.Count > MaxLabels)
            throw Invalid($"{labels.Count} labels are too many", $"Give at most {MaxLabels}.");
        foreach ((string key, string value) in labels)
        {
            if (!IsWord(key))
                throw Invalid($"the label '{key}' is not one", "Write KEY=VALUE; a key has 1 to 64 letters, digits, dots, dashes and underscores.");
            if (value.Length > MaxLabelValue || value.Any(char.IsControl))
                throw Invalid($"the value of the label '{key}' is too long or holds control characters", $"Give one line of at most {MaxLabelValue} characters.");
        }
    }

    private static bool IsWord(string text) =>
        text.Length is > 0 and <= MaxName && char.IsAsciiLetterOrDigit(text[0]) && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    private static PyroException Invalid(string message, string hint) => new(ErrorCodes.InvalidArgument, message, hint);
}
