namespace Pyro.Vmm.Devices;

/// <summary>Takes what a guest writes to its serial port; called on a vCPU thread, a byte at a time.</summary>
public interface ISerialOutput
{
    /// <summary>One transmitted byte.</summary>
    void Write(byte value);
}
