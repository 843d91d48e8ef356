namespace Pyro.Tests;

// The variables are the process's own: nothing else may run meanwhile.
[CollectionDefinition(nameof(PyroPathsTests), DisableParallelization = true)]
[Collection(nameof(PyroPathsTests))]
public sealed class PyroPathsTests : IDisposable
{
    private static readonly string[] s_variables = ["XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "HOME"];
    private readonly string?[] _before = Array.ConvertAll(s_variables, Environment.GetEnvironmentVariable);

    public void Dispose()
    {
        for (int i = 0; i < s_variables.Length; i++)
            Environment.SetEnvironmentVariable(s_variables[i], _before[i]);
    }

    [Fact]
    public void The_variables_of_the_specification_decide()
    {
        Set("/c", "/s", "/r");

        Assert.Equal(new PyroPaths("/c/pyro", "/s/pyro", "/r/pyro"), PyroPaths.FromEnvironment());
    }

    [Fact]
    public void Relative_and_missing_ones_fall_back_to_the_home_folder()
    {
        Set("relative", null, "/r");

        PyroPaths paths = PyroPaths.FromEnvironment();

        Assert.Equal("/home/somebody/.cache/pyro", paths.Cache);
        Assert.Equal("/home/somebody/.local/state/pyro", paths.State);
    }

    private static void Set(string? cache, string? state, string? runtime)
    {
        Environment.SetEnvironmentVariable("XDG_CACHE_HOME", cache);
        Environment.SetEnvironmentVariable("XDG_STATE_HOME", state);
        Environment.SetEnvironmentVariable("XDG_RUNTIME_DIR", runtime);
        Environment.SetEnvironmentVariable("HOME", "/home/somebody");
    }
}
