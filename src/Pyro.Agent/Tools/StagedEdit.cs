using Pyro.Protocol;
using Pyro.Trees;

namespace Pyro.Agent.Tools;

/// <summary>One operation of a list on its way.</summary>
/// <param name="Operation">What to do.</param>
/// <param name="PathZ">Its path.</param>
/// <param name="NewPathZ">Its new path, if it has one.</param>
/// <param name="StagedZ">Its content's name in the stage.</param>
internal sealed record StagedEdit(EditOperation Operation, byte[] PathZ, byte[] NewPathZ, byte[] StagedZ)
{
    /// <summary>What was there when it was checked, or null.</summary>
    public FileStatus? Before { get; set; }
}
