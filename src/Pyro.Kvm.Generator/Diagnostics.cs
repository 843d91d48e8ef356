using Microsoft.CodeAnalysis;

namespace Pyro.Kvm.Generator;

/// <summary>What the generator reports. All are errors: a type that is not there is found out at once, not where it is used.</summary>
internal static class Diagnostics
{
    private const string Category = "Pyro.Kvm.Generator";

    public static readonly DiagnosticDescriptor UnknownName = new(
        "PYK001", "Unknown native name", "'{0}' is not a struct, union, integer constant or ioctl of the headers in the metadata{1}",
        Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor BadMetadata = new(
        "PYK002", "Unreadable native metadata", "The metadata file '{0}' cannot be read: {1}",
        Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor NoMetadata = new(
        "PYK003", "No native metadata", "NativeMethods.txt is there, but no additional file that ends in '.uapi'",
        Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor ListedTwice = new(
        "PYK004", "Native name listed twice", "'{0}' is listed more than once",
        Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor NotExpressible = new(
        "PYK005", "Native type not expressible", "'{0}' has no C# form: {1}",
        Category, DiagnosticSeverity.Error, isEnabledByDefault: true);
}
