using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Pyro.Kvm.Generator.Tests;

/// <summary>An additional file that is nowhere on disk.</summary>
internal sealed class TextFile(string path, string text) : AdditionalText
{
    public override string Path => path;

    public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
}
