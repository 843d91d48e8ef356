namespace Pyro;

/// <summary>
/// What Pyro throws when it cannot do what it was asked: a stable code for programs, and for people one line that
/// says what failed on what and one that says what to do next.
/// </summary>
public sealed class PyroException : Exception
{
    /// <summary>A failure without an underlying exception.</summary>
    /// <param name="code">One of <see cref="ErrorCodes"/>.</param>
    /// <param name="message">What failed, on what.</param>
    /// <param name="hint">What to do next, or null if there is nothing to do.</param>
    /// <param name="detail">More for <c>--verbose</c>: registers, the end of the console.</param>
    public PyroException(string code, string message, string? hint = null, string? detail = null)
        : base(message)
    {
        Code = code;
        Hint = hint;
        Detail = detail;
    }

    /// <summary>A failure caused by another exception.</summary>
    /// <param name="code">One of <see cref="ErrorCodes"/>.</param>
    /// <param name="message">What failed, on what.</param>
    /// <param name="hint">What to do next, or null if there is nothing to do.</param>
    /// <param name="cause">The underlying exception.</param>
    public PyroException(string code, string message, string? hint, Exception cause)
        : base(message, cause)
    {
        Code = code;
        Hint = hint;
        Detail = cause?.Message;
    }

    /// <summary>A stable word for programs, one of <see cref="ErrorCodes"/>.</summary>
    public string Code { get; }

    /// <summary>What to do next.</summary>
    public string? Hint { get; }

    /// <summary>More than a user usually wants to see.</summary>
    public string? Detail { get; }
}
