namespace Pyro.Workspaces.Patches;

/// <summary>Some lines of the old text became some lines of the new one; either may be none. Lines count from 0.</summary>
internal readonly record struct LineChange(int OldStart, int OldCount, int NewStart, int NewCount)
{
    internal int OldEnd => OldStart + OldCount;

    internal int NewEnd => NewStart + NewCount;
}
