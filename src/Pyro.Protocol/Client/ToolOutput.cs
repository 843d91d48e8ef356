using System.Text;

namespace Pyro.Protocol;

/// <summary>The standard output of a tool as a stream, for one reader. It ends with the tool.</summary>
internal sealed class ToolOutput(ExecStream exec) : Stream
{
    private const int MostErrors = 1024;
    private readonly StringBuilder _errors = new();
    private ReadOnlyMemory<byte> _rest;
    private bool _ended;

    /// <summary>How the tool ended, once it has.</summary>
    internal ExitedMessage Exit { get; private set; }

    /// <summary>The begin of what it wrote to standard error.</summary>
    internal string Errors => _errors.ToString();

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_rest.IsEmpty)
        {
            if (_ended)
                return 0;
            ExecEvent next = await exec.ReadAsync(cancellationToken).ConfigureAwait(false);
            switch (next.Kind)
            {
                case ExecEventKind.Stdout:
                    _rest = next.Data;
                    break;
                case ExecEventKind.Stderr when _errors.Length < MostErrors:
                    _errors.Append(Encoding.UTF8.GetString(next.Data.Span[..Math.Min(next.Data.Length, MostErrors)]));
                    break;
                case ExecEventKind.Exited:
                    Exit = next.Exit;
                    _ended = true;
                    break;
            }
        }

        int count = Math.Min(buffer.Length, _rest.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
