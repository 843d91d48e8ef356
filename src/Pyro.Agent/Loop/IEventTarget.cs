namespace Pyro.Agent.Loop;

/// <summary>Something that waits for descriptors or for time. All calls come on the loop's one thread.</summary>
internal interface IEventTarget
{
    /// <summary>When <see cref="OnDeadline"/> is due (<see cref="Native.Sys.Now"/>); looked at while watched.</summary>
    ulong Deadline => ulong.MaxValue;

    /// <summary>A descriptor became ready (edge-triggered).</summary>
    /// <param name="source">The number it was registered with.</param>
    /// <param name="events">EPOLL flags.</param>
    void OnEvents(int source, uint events)
    {
    }

    /// <summary>The target asked to be called again, so that others get their turn.</summary>
    void OnAgain()
    {
    }

    /// <summary>The deadline has passed.</summary>
    void OnDeadline()
    {
    }

    /// <summary>One of the calls above threw. Must not throw.</summary>
    void OnFault(Exception exception);
}
