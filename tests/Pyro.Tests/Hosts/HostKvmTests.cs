using Pyro.Hosts;

namespace Pyro.Tests.Hosts;

public sealed class HostKvmTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("fpu vmx sse")]
    [InlineData("fpu sse svm")]
    public void A_device_on_a_processor_with_virtualization_is_hardware(string flags)
    {
        HostKvm found = HostKvm.Probe(Host(device: true, flags));

        Assert.Equal(KvmKind.Hardware, found.Kind);
        Assert.Null(found.Hint);
    }

    [Theory]
    [InlineData("fpu sse")]
    [InlineData("fpu vmxnet svm_lock")]
    public void A_device_on_a_processor_without_virtualization_is_software(string flags)
    {
        HostKvm found = HostKvm.Probe(Host(device: true, flags));

        Assert.Equal(KvmKind.Software, found.Kind);
        Assert.Contains("emulated in software", found.Summary, StringComparison.Ordinal);
        Assert.Contains("lab/pyro", found.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void The_software_module_decides_whatever_the_flags_say()
    {
        Assert.Equal(KvmKind.Software, HostKvm.Probe(Host(device: true, "vmx", "kvm_pvm")).Kind);
    }

    [Fact]
    public void Without_a_device_a_capable_processor_is_told_which_module_to_load()
    {
        HostKvm found = HostKvm.Probe(Host(device: false, "svm"));

        Assert.Equal(KvmKind.None, found.Kind);
        Assert.Contains("modprobe", found.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_device_and_flags_the_firmware_is_named()
    {
        HostKvm found = HostKvm.Probe(Host(device: false, "fpu"));

        Assert.Equal(KvmKind.None, found.Kind);
        Assert.Contains("firmware", found.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(KvmKind.Software, "kvm_software_only")]
    [InlineData(KvmKind.None, "kvm_not_found")]
    public void The_error_of_a_run_is_what_the_probe_says(KvmKind kind, string code)
    {
        HostKvm found = HostKvm.Probe(Host(device: kind == KvmKind.Software, "fpu"));
        PyroException error = found.ToException();

        Assert.Equal(kind, found.Kind);
        Assert.Equal(code, error.Code);
        Assert.Equal(found.Summary, error.Message);
        Assert.Equal(found.Hint, error.Hint);
    }

    private HostFiles Host(bool device, string flags, string? module = null)
    {
        string modules = Path.Combine(_folder.Path, "module");
        Directory.CreateDirectory(modules);
        if (module is not null)
            Directory.CreateDirectory(Path.Combine(modules, module));
        string path = Path.Combine(_folder.Path, "kvm");
        if (device)
            _folder.File("kvm");
        return new HostFiles(path, _folder.File("cpuinfo", $"processor\t: 0\nflags\t\t: {flags}\n"), modules);
    }
}
