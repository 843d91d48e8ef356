namespace Pyro.Workspaces.Patches;

/// <summary>The failures of reading and applying a patch; nothing else is thrown, whatever the patch holds.</summary>
internal static class PatchErrors
{
    private const int Told = 3;

    /// <summary>The text is no patch that can be read.</summary>
    /// <param name="line">The line of the patch, from 0; or -1.</param>
    /// <param name="reason">What is wrong with it.</param>
    internal static PyroException Invalid(int line, string reason) => new(
        ErrorCodes.PatchInvalid,
        line < 0 ? $"the patch cannot be read: {reason}" : $"the patch cannot be read: line {line + 1}: {reason}",
        "Send a unified diff, as `git diff` or `diff -u` write it. Nothing was changed.");

    internal static PyroException TooLarge(string what, long limit) => new(
        ErrorCodes.PatchInvalid,
        $"the patch cannot be read: {what} (the limit is {limit:N0})",
        "Send it in parts. Nothing was changed.");

    internal static PyroException OutsideWorkspace(string path) => new(
        ErrorCodes.PathOutsideWorkspace,
        $"the patch names {Excerpt.Of(path)}, which is no path below /workspace",
        "Name files by paths relative to /workspace. Nothing was changed.");

    /// <summary>The patch does not fit the files.</summary>
    internal static PyroException Rejected(IReadOnlyList<PatchRejection> rejections)
    {
        string rest = rejections.Count > Told ? $"; and {rejections.Count - Told} more" : "";
        return new PyroException(
            ErrorCodes.PatchRejected,
            $"the patch does not apply: {string.Join("; ", rejections.Take(Told))}{rest}",
            "Nothing was changed. Read the files as they are now and make the patch anew.",
            string.Join('\n', rejections));
    }
}
