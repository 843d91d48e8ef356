using Microsoft.Win32.SafeHandles;
using Pyro.Files;

namespace Pyro;

/// <summary>
/// This process's standard streams, byte for byte. Unlike those of <see cref="Console"/>, a write that nobody takes
/// any more fails, so that <c>pyro run ... | head</c> ends instead of running on for nothing.
/// </summary>
public static class StandardStreams
{
    /// <summary>Standard input.</summary>
    public static Stream Input { get; } = new DescriptorStream(0);

    /// <summary>Standard output, unbuffered.</summary>
    public static Stream Output { get; } = new DescriptorStream(1);

    /// <summary>Standard error, unbuffered.</summary>
    public static Stream Error { get; } = new DescriptorStream(2);

    private sealed class DescriptorStream(int descriptor) : Stream
    {
        private readonly SafeFileHandle _handle = new(descriptor, ownsHandle: false);

        public override bool CanRead => descriptor == 0;

        public override bool CanSeek => false;

        public override bool CanWrite => descriptor != 0;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer) => BlockingFile.Read(_handle, buffer);

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (!BlockingFile.TryWrite(_handle, buffer))
                throw new BrokenPipeException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        // A pipe or terminal takes bytes at once or holds the writer up, which is the back pressure that is wanted.
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
