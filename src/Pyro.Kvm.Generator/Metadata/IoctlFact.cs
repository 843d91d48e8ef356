namespace Pyro.Kvm.Generator.Metadata;

/// <summary>An ioctl made by <c>_IO</c>, <c>_IOR</c>, <c>_IOW</c> or <c>_IOWR</c>.</summary>
internal sealed class IoctlFact
{
    /// <summary>Creates the fact.</summary>
    public IoctlFact(string name, uint number, NativeType argument)
    {
        Name = name;
        Number = number;
        Argument = argument;
    }

    /// <summary>The C name.</summary>
    public string Name { get; }

    /// <summary>The request number.</summary>
    public uint Number { get; }

    /// <summary>What the macro says the argument points to; <see cref="NativeType.Void"/> for <c>_IO</c>.</summary>
    public NativeType Argument { get; }

    /// <summary>The kernel reads the argument (<c>_IOC_WRITE</c> of asm-generic/ioctl.h).</summary>
    public bool KernelReads => (Number & (1u << 30)) != 0;

    /// <summary>The kernel writes the argument (<c>_IOC_READ</c>).</summary>
    public bool KernelWrites => (Number & (2u << 30)) != 0;
}
