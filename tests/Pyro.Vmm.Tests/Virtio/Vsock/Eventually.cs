using System.Runtime.CompilerServices;

namespace Pyro.Vmm.Tests.Virtio.Vsock;

/// <summary>Waits for what another thread does.</summary>
internal static class Eventually
{
    internal static void True(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        long end = Environment.TickCount64 + GuestSocket.Timeout;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < end, $"not within {GuestSocket.Timeout} ms: {what}");
            Thread.Sleep(2);
        }
    }
}
