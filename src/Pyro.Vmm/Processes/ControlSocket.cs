using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;

namespace Pyro.Vmm.Processes;

/// <summary>
/// One end of the socket between a VMM process and the process that started it: messages of a 32-bit little-endian
/// length and JSON. Messages to the VMM may carry open descriptors. Sending is safe from any thread, receiving
/// belongs to one.
/// </summary>
internal sealed class ControlSocket(SafeHandle socket) : IDisposable
{
    private const int MaxMessage = 1 << 20;

    private readonly Lock _sending = new();

    internal bool TryReceiveConfig([NotNullWhen(true)] out MachineConfig? config, out SafeFileHandle[] descriptors) =>
        TryReceive(ProcessJson.Default.MachineConfig, out config, out descriptors);

    internal void SendConfig(MachineConfig config, ReadOnlySpan<SafeFileHandle> descriptors) =>
        Send(config, ProcessJson.Default.MachineConfig, descriptors);

    /// <summary>For messages that open descriptors may come with.</summary>
    internal bool TryReceive<T>(JsonTypeInfo<T> type, [NotNullWhen(true)] out T? message, out SafeFileHandle[] descriptors)
        where T : class
    {
        Span<byte> header = stackalloc byte[sizeof(int)];
        var received = new List<FileDescriptor>();
        int length;
        try
        {
            length = DescriptorPassing.Receive(socket, header, received);
        }
        catch (LinuxException)
        {
            length = 0; // no socket: nobody that knows what it does started this process
        }

        descriptors = Array.ConvertAll([.. received], ToFileHandle);
        message = length > 0 && StreamSocket.Read(socket, header[length..]) ? ReceiveBody(header, type) : null;
        return message is not null;
    }

    /// <exception cref="LinuxException">The other end is gone.</exception>
    internal void Send<T>(T message, JsonTypeInfo<T> type, ReadOnlySpan<SafeFileHandle> descriptors)
    {
        byte[] frame = Frame(message, type);
        SafeHandle[] handles = [.. descriptors];
        lock (_sending)
        {
            DescriptorPassing.Send(socket, frame, handles);
        }
    }

    internal bool TryReceive<T>(JsonTypeInfo<T> type, [NotNullWhen(true)] out T? message)
        where T : class
    {
        Span<byte> header = stackalloc byte[sizeof(int)];
        message = StreamSocket.Read(socket, header) ? ReceiveBody(header, type) : null;
        return message is not null;
    }

    internal void Send<T>(T message, JsonTypeInfo<T> type)
    {
        byte[] frame = Frame(message, type);
        lock (_sending)
        {
            StreamSocket.Write(socket, frame);
        }
    }

    public void Dispose() => socket.Dispose();

    private static byte[] Frame<T>(T message, JsonTypeInfo<T> type)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(message, type);
        byte[] frame = new byte[sizeof(int) + json.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, json.Length);
        json.CopyTo(frame, sizeof(int));
        return frame;
    }

    private static SafeFileHandle ToFileHandle(FileDescriptor descriptor)
    {
        var handle = new SafeFileHandle(descriptor.Number, ownsHandle: true);
        descriptor.SetHandleAsInvalid();
        return handle;
    }

    private T? ReceiveBody<T>(ReadOnlySpan<byte> header, JsonTypeInfo<T> type)
        where T : class
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (length is <= 0 or > MaxMessage)
        {
            return null;
        }

        byte[] body = new byte[length];
        return StreamSocket.Read(socket, body) ? JsonSerializer.Deserialize(body, type) : null;
    }
}
