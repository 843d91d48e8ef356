using System.Text;
using Pyro.Json;

namespace Pyro.Cli.Output;

/// <summary>Everything that a command says beside its payload, in the manner that the user asked for.</summary>
internal sealed class Report(bool json, bool quiet, bool verbose)
{
    internal bool Json => json;

    internal bool Quiet => quiet;

    internal bool Verbose => verbose;

    /// <summary>Human-readable output.</summary>
    internal static TextWriter Out { get; } = Writer(StandardStreams.Output);

    /// <summary>Phases, progress, summaries and errors.</summary>
    internal static TextWriter Error { get; } = Writer(StandardStreams.Error);

    /// <summary>Prints the one JSON document of a command.</summary>
    internal static void Document<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        byte[] bytes = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(value, type);
        StandardStreams.Output.Write([.. bytes, (byte)'\n']);
    }

    /// <summary>Tells of a failure: what failed, on what, what next.</summary>
    /// <returns>The exit code for it.</returns>
    internal int Failure(PyroException e)
    {
        if (json)
            Document(ErrorDocument.Of(e), PyroJson.Readable.ErrorDocument);
        else
            Print(e);
        return e.Code == ErrorCodes.InvalidArgument ? ExitCodes.BadUsage : ExitCodes.PyroFailed;
    }

    private void Print(PyroException e)
    {
        Error.WriteLine($"pyro: {e.Message}");
        if (e.Hint is not null)
            Error.WriteLine($"      {e.Hint}");
        if (!verbose)
            return;
        Error.WriteLine($"      code: {e.Code}");
        if (e.Detail is not null && e.Detail != e.Message)
            Error.WriteLine(e.Detail);
    }

    private static StreamWriter Writer(Stream stream) => new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), bufferSize: 1024) { AutoFlush = true, NewLine = "\n" };
}
