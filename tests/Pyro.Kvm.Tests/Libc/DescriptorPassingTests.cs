using System.Runtime.InteropServices;
using Pyro.Kvm.Native;

namespace Pyro.Kvm.Tests.LibraryCalls;

public sealed class DescriptorPassingTests
{
    [Fact]
    public void Descriptors_arrive_with_the_first_byte_and_are_the_same_files()
    {
        (FileDescriptor here, FileDescriptor there) = DescriptorPassing.CreatePair();
        using var one = new EventFd();
        using var two = new EventFd();
        using (here)
        using (there)
        {
            DescriptorPassing.Send(here, "hello"u8, one, two);
            byte[] data = new byte[16];
            List<FileDescriptor> received = [];

            Assert.Equal(5, DescriptorPassing.Receive(there, data, received));

            Assert.Equal("hello"u8, data.AsSpan(0, 5));
            Assert.Equal(2, received.Count);
            Assert.Equal(Uapi.FD_CLOEXEC, Libc.fcntl(received[1], Uapi.F_GETFD));
            Add(received[1], 5);
            Assert.True(two.TryTake(out ulong value));
            Assert.Equal(5ul, value);
            Assert.False(one.TryTake(out _));
            received.ForEach(descriptor => descriptor.Dispose());
        }
    }

    [Fact]
    public void As_many_descriptors_as_a_message_can_have_are_passed()
    {
        (FileDescriptor here, FileDescriptor there) = DescriptorPassing.CreatePair();
        using var one = new EventFd();
        using (here)
        using (there)
        {
            SafeHandle[] many = new SafeHandle[DescriptorPassing.MaxDescriptors];
            Array.Fill(many, one);
            DescriptorPassing.Send(here, [1], many);
            List<FileDescriptor> received = [];

            Assert.Equal(1, DescriptorPassing.Receive(there, new byte[1], received));

            Assert.Equal(DescriptorPassing.MaxDescriptors, received.Count);
            received.ForEach(descriptor => descriptor.Dispose());
        }
    }

    [Fact]
    public void A_message_larger_than_the_sockets_buffer_is_sent_whole_with_its_descriptors_once()
    {
        (FileDescriptor here, FileDescriptor there) = DescriptorPassing.CreatePair();
        using var one = new EventFd();
        byte[] large = new byte[4 << 20];
        Random.Shared.NextBytes(large);
        using (there)
        {
            var sender = new Thread(() =>
            {
                using (here)
                {
                    DescriptorPassing.Send(here, large, one);
                }
            });
            sender.Start();
            using var whole = new MemoryStream();
            byte[] data = new byte[65536];
            List<FileDescriptor> received = [];
            for (int count; (count = DescriptorPassing.Receive(there, data, received)) > 0;)
            {
                whole.Write(data, 0, count);
            }
            sender.Join();

            Assert.True(large.AsSpan().SequenceEqual(whole.ToArray()));
            Assert.Single(received).Dispose();
        }
    }

    [Fact]
    public void A_closed_end_is_an_end_for_the_reader_and_EPIPE_for_the_writer()
    {
        (FileDescriptor here, FileDescriptor there) = DescriptorPassing.CreatePair();
        using (here)
        {
            there.Dispose();

            Assert.Equal(0, DescriptorPassing.Receive(here, new byte[1], []));
            Assert.Equal(Uapi.EPIPE, Assert.Throws<LinuxException>(() => DescriptorPassing.Send(here, [1])).Errno);
        }
    }

    private static unsafe void Add(FileDescriptor descriptor, ulong value) => Assert.Equal(8, Libc.write(descriptor, &value, 8));
}
