namespace Pyro.Vmm.Boot;

/// <summary>A kernel, initramfs or command line cannot be booted as given; the message names the file and the reason.</summary>
public sealed class BootException(string message) : Exception(message);
