using System.Reflection;
using System.Runtime.InteropServices;

namespace Pyro.Kvm.Tests.LibraryCalls;

public sealed class LibcTests
{
    [Fact]
    public void The_C_library_has_every_function_that_is_declared()
    {
        // A function is looked up when it is first called: this finds a wrong name before.
        nint library = NativeLibrary.Load("libc.so.6");
        string[] declared = [.. typeof(Libc).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(method => method.GetCustomAttribute<LibraryImportAttribute>() is not null || method.GetCustomAttribute<DllImportAttribute>() is not null)
            .Select(method => method.GetCustomAttribute<LibraryImportAttribute>()?.EntryPoint ?? method.GetCustomAttribute<DllImportAttribute>()?.EntryPoint ?? method.Name)];

        Assert.InRange(declared.Length, 90, int.MaxValue);
        Assert.DoesNotContain(declared, name => !NativeLibrary.TryGetExport(library, name, out _));
    }
}
