namespace Pyro.Protocol;

/// <summary>The agent refused a request or could not carry it out.</summary>
/// <param name="code">One of <see cref="FailureCode"/>, or a code of a newer agent.</param>
/// <param name="message">What failed, on what.</param>
public sealed class GuestRequestException(string code, string message) : Exception(message)
{
    /// <summary>One of <see cref="FailureCode"/>, or a code of a newer agent.</summary>
    public string Code { get; } = code;
}
