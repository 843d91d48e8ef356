namespace Pyro.Vmm.Processes;

/// <summary>A VMM process could not start its machine.</summary>
/// <param name="code">A stable word; see <see cref="MachineFailed"/>.</param>
/// <param name="message">One line: what failed, on what.</param>
public sealed class VmmException(string code, string message) : Exception(message)
{
    /// <summary>A stable word for programs.</summary>
    public string Code { get; } = code;
}
