namespace Pyro.Json;

/// <summary>A failure of Pyro's own as JSON.</summary>
/// <param name="Ok">Always false.</param>
/// <param name="Error">What failed.</param>
public sealed record ErrorDocument(bool Ok, ErrorBody Error)
{
    /// <summary>The document of an exception.</summary>
    public static ErrorDocument Of(PyroException e)
    {
        ArgumentNullException.ThrowIfNull(e);
        return new ErrorDocument(false, new ErrorBody(e.Code, e.Message, e.Hint));
    }
}

/// <summary>What failed.</summary>
/// <param name="Code">One of <see cref="ErrorCodes"/>.</param>
/// <param name="Message">What failed, on what.</param>
/// <param name="Hint">What to do next, or null.</param>
public sealed record ErrorBody(string Code, string Message, string? Hint);
