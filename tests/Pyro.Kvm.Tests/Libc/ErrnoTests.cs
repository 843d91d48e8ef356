using Pyro.Kvm.Generator.Metadata;
using Pyro.Kvm.Native;
using Pyro.Kvm.Tests.Layout;

namespace Pyro.Kvm.Tests.LibraryCalls;

public sealed class ErrnoTests
{
    [Fact]
    public void Every_error_of_the_headers_has_its_name()
    {
        // asm-generic/errno.h counts to 133; names that are another's number (EWOULDBLOCK) give that.
        UapiMetadata metadata = Committed.Metadata;
        HashSet<string> seen = [];
        for (int errno = 1; errno <= Uapi.EHWPOISON; errno++)
        {
            string name = Errno.Name(errno);
            if (errno is not (41 or 58))
            {
                Assert.Equal(errno.ToString(), metadata.Constants[name].Value);
                Assert.True(seen.Add(name));
            }
        }
        Assert.Equal(131, seen.Count);
    }

    [Theory]
    [InlineData(Uapi.EACCES, "EACCES (Permission denied)")]
    [InlineData(Uapi.EAGAIN, "EAGAIN (Resource temporarily unavailable)")]
    [InlineData(4095, "4095 (Unknown error 4095)")]
    public void An_error_is_described_by_name_and_text(int errno, string description) =>
        Assert.Equal(description, Errno.Describe(errno));

    [Fact]
    public void An_exception_says_call_target_and_error()
    {
        Assert.Equal("fsync disk.img: EIO (Input/output error)", new LinuxException("fsync", "disk.img", Uapi.EIO).Message);
        Assert.Equal("eventfd: EMFILE (Too many open files)", new LinuxException("eventfd", "", Uapi.EMFILE).Message);
        Assert.Equal("KVM_RUN on vcpu 3: EFAULT (Bad address)", new KvmException("KVM_RUN", "vcpu 3", Uapi.EFAULT).Message);
    }
}
