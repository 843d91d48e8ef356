using System.Collections.Immutable;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Pyro.Kvm.Generator.Tests;

/// <summary>A run of the generator over a list of names.</summary>
internal sealed class Generation
{
    // What generated methods call; Pyro.Kvm has the real one.
    private const string Libc = """
        namespace Pyro.Kvm;
        internal static unsafe class Libc
        {
            public static int ioctl(System.Runtime.InteropServices.SafeHandle fd, nuint request, void* argument) => 0;
        }
        """;

    private Generation(GeneratorDriver driver, Compilation compilation, ImmutableArray<Diagnostic> diagnostics)
    {
        Driver = driver;
        Compilation = compilation;
        Diagnostics = diagnostics;
    }

    public GeneratorDriver Driver { get; }

    public Compilation Compilation { get; }

    public ImmutableArray<Diagnostic> Diagnostics { get; }

    public IEnumerable<string> FileNames => Driver.GetRunResult().Results[0].GeneratedSources.Select(source => source.HintName);

    public static Generation Of(string names, string? metadata)
    {
        List<AdditionalText> files = [new TextFile("/project/NativeMethods.txt", names)];
        if (metadata is not null)
        {
            files.Add(new TextFile("/project/linux.uapi", metadata));
        }
        return Run(
            CSharpGeneratorDriver.Create(
                [new NativeGenerator().AsSourceGenerator()],
                files,
                driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true)),
            Compile(Libc));
    }

    /// <summary>Runs again, as an IDE does after C# has been edited.</summary>
    public Generation AfterEdit() => Run(Driver, Compile(Libc, "class Edited;"));

    /// <summary>Compiles what came out; a warning is a failure.</summary>
    public Assembly Load()
    {
        using var image = new MemoryStream();
        var result = Compilation.Emit(image);
        Assert.Empty(result.Diagnostics.Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning));
        return Assembly.Load(image.ToArray());
    }

    private static Generation Run(GeneratorDriver driver, CSharpCompilation compilation)
    {
        driver = driver.RunGeneratorsAndUpdateCompilation(compilation, out Compilation output, out ImmutableArray<Diagnostic> diagnostics);
        return new Generation(driver, output, diagnostics);
    }

    private static CSharpCompilation Compile(params string[] sources)
    {
        string references = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        return CSharpCompilation.Create(
            "Generated",
            sources.Select(source => CSharpSyntaxTree.ParseText(source)),
            references.Split(':').Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
    }
}
