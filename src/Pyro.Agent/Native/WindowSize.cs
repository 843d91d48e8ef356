namespace Pyro.Agent.Native;

/// <summary>struct winsize.</summary>
internal struct WindowSize
{
    public ushort Rows;
    public ushort Columns;
    public ushort XPixels;
    public ushort YPixels;
}
