using System.Runtime.CompilerServices;

namespace Pyro.Tests;

internal static class TestProcess
{
    // Commands on the host are tested on every host, also on one that could run machines.
    [ModuleInitializer]
    internal static void HideKvm() => Environment.SetEnvironmentVariable("PYRO_KVM", "/nonexistent/kvm");
}
