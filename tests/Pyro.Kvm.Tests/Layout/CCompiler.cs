using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Pyro.Kvm.Generator.Metadata;

namespace Pyro.Kvm.Tests.Layout;

/// <summary>Asks gcc, by a program that prints the value of each fact's C expression.</summary>
internal static class CCompiler
{
    /// <summary>The differences between C# and C, as lines that say both.</summary>
    public static List<string> Differences(IReadOnlyCollection<NativeFact> facts, UapiMetadata metadata)
    {
        List<string> differences = [];
        int asked = 0;
        foreach (HeaderGroup group in metadata.Groups)
        {
            List<NativeFact> own = [.. facts.Where(fact => ReferenceEquals(metadata.Groups.First(other => other.Has(fact.Owner)), group))];
            string[] answers = Run(Program(group.Headers, own));
            Assert.Equal(own.Count, answers.Length);
            differences.AddRange(own.Zip(answers)
                .Where(pair => pair.First.Managed != pair.Second)
                .Select(pair => $"{pair.First.Name}: C# {pair.First.Managed}, C {pair.Second}"));
            asked += own.Count;
        }
        Assert.Equal(facts.Count, asked);
        return differences;
    }

    private static string Program(IReadOnlyList<string> headers, List<NativeFact> facts)
    {
        var text = new StringBuilder();
        foreach (string header in headers.Concat(["stddef.h", "stdio.h", "string.h"]))
        {
            text.Append("#include <").Append(header).Append(">\n");
        }
        text.Append("int main(void)\n{\n");
        foreach (NativeFact fact in facts)
        {
            if (fact.Bitfield is null)
            {
                text.Append("  printf(\"%llu\\n\", (unsigned long long)(").Append(fact.C).Append("));\n");
                continue;
            }
            text.Append("  { ").Append(fact.C).Append(" x; memset(&x, 0, sizeof x); x.").Append(fact.Bitfield).Append(" = -1;\n")
                .Append("    for (size_t i = 0; i < sizeof x; i++) printf(\"%02x\", ((unsigned char *)&x)[i]);\n")
                .Append("    printf(\"/%lld\\n\", (long long)x.").Append(fact.Bitfield).Append("); }\n");
        }
        return text.Append("  return 0;\n}\n").ToString();
    }

    private static string[] Run(string program)
    {
        string folder = Directory.CreateTempSubdirectory("pyro-layout-").FullName;
        try
        {
            string source = Path.Combine(folder, "layout.c");
            string executable = Path.Combine(folder, "layout");
            File.WriteAllText(source, program);
            Execute("gcc", "-std=gnu11", "-D_GNU_SOURCE", "-w", "-O0", "-o", executable, source);
            return Execute(executable).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Execute(string file, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, file + " failed:\n" + errors.Result);
            return output;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException(file + " cannot be run; scripts/packages.txt names the packages that tests need", e);
        }
    }
}
