using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Pyro.Kvm.Generator.Emit;
using Pyro.Kvm.Generator.Metadata;

namespace Pyro.Kvm.Generator;

/// <summary>
/// Turns the names in <c>NativeMethods.txt</c> into structs, constants and ioctl methods of the namespace <c>Pyro.Kvm.Native</c>,
/// by the facts in the additional file that ends in <c>.uapi</c>.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class NativeGenerator : IIncrementalGenerator
{
    internal const string NamesFile = "NativeMethods.txt";
    internal const string MetadataExtension = ".uapi";
    internal const string NamesStep = "names";
    internal const string MetadataStep = "metadata";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValuesProvider<NameList> names = context.AdditionalTextsProvider
            .Where(static file => Path.GetFileName(file.Path) == NamesFile)
            .Select(static (file, cancellation) => NameList.Parse(file.Path, file.GetText(cancellation)!))
            .WithTrackingName(NamesStep);
        IncrementalValueProvider<ImmutableArray<MetadataFile>> metadata = context.AdditionalTextsProvider
            .Where(static file => file.Path.EndsWith(MetadataExtension, StringComparison.Ordinal))
            .Select(MetadataFile.Read)
            .WithTrackingName(MetadataStep)
            .Collect();
        context.RegisterSourceOutput(names.Combine(metadata), static (output, inputs) => Generate(output, inputs.Left, inputs.Right));
    }

    private static void Generate(SourceProductionContext output, NameList names, ImmutableArray<MetadataFile> files)
    {
        if (files.IsEmpty)
        {
            output.ReportDiagnostic(Diagnostic.Create(Diagnostics.NoMetadata, Location.None));
            return;
        }
        MetadataFile file = files[0];
        if (file.Facts is not { } metadata)
        {
            output.ReportDiagnostic(Diagnostic.Create(Diagnostics.BadMetadata, Location.None, file.Path, file.Error));
            return;
        }

        Selection selection = Selection.Of(names, metadata);
        foreach (Diagnostic diagnostic in selection.Diagnostics)
        {
            output.ReportDiagnostic(diagnostic);
        }
        EmitRecords(output, selection, metadata);
        output.AddSource("Uapi.g.cs", ConstantEmitter.Emit(selection.Constants.Values, selection.Ioctls.Values));
        output.AddSource("Ioctl.g.cs", IoctlEmitter.Emit(selection.Ioctls.Values, metadata));
        output.AddSource("Arrays.g.cs", ArrayEmitter.Emit(selection.ArrayLengths));
    }

    private static void EmitRecords(SourceProductionContext output, Selection selection, UapiMetadata metadata)
    {
        var emitter = new RecordEmitter(metadata);
        foreach (RecordFact record in selection.Records.Values)
        {
            try
            {
                output.AddSource(record.Name + ".g.cs", emitter.Emit(record));
            }
            catch (NotSupportedException e)
            {
                output.ReportDiagnostic(Diagnostic.Create(Diagnostics.NotExpressible, Location.None, record.Name, e.Message));
            }
        }
    }
}
