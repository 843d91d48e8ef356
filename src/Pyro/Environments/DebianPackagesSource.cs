using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Pyro.Environments;

/// <summary>
/// Environments made on this machine from Debian packages: mmdebstrap unpacks and configures them, mkfs.ext4 makes the
/// image: as root, or as root of a user namespace.
/// </summary>
public sealed class DebianPackagesSource : IEnvironmentSource
{
    /// <summary>Length of an image, and so of a machine's root disk. Sparse: what is not written takes no room.</summary>
    public const long DiskSize = 8L << 30;

    // Manuals, translations and the like are left out, now and when a machine installs more; copyrights stay.
    private static readonly string[] s_leaveOut =
    [
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/info/*",
        "--dpkgopt=path-exclude=/usr/share/lintian/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-include=/usr/share/locale/locale.alias",
    ];

    private static readonly string[] s_proxyOptions = ["Acquire::http::Proxy", "Acquire::https::Proxy"];

    /// <inheritdoc/>
    public IReadOnlyList<EnvironmentRecipe> Offers { get; } = [.. DebianRecipe.All.Select(ToRecipe)];

    /// <inheritdoc/>
    public EnvironmentRecipe? Find(string reference) => Offers.FirstOrDefault(recipe => recipe.Name == reference);

    /// <inheritdoc/>
    public async Task<EnvironmentContent> BuildAsync(EnvironmentRecipe recipe, string folder, Action<string, string> report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(report);
        DebianRecipe debian = DebianRecipe.All.First(one => one.Name == recipe.Name);
        RequireTools();
        var privilege = BuildPrivilege.Root();

        IReadOnlyList<string> lines = DebianMirrors.Lines(await BuildTool.RunAsync(BuildPrivilege.None, DebianMirrors.IndexTargets, null, null, cancellationToken).ConfigureAwait(false));
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // Two builds of one day have the same times in them.
            ["SOURCE_DATE_EPOCH"] = new DateTimeOffset(DateTime.UtcNow.Date, TimeSpan.Zero).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            // What mmdebstrap leaves when it is killed lies in the build's folder and goes with it.
            ["TMPDIR"] = folder,
        };

        report(EnvironmentProgress.Packages, $"Debian packages from {DebianMirrors.Hosts(lines)} (about a minute)");
        string[] command =
        [
            "mmdebstrap", "--mode=root", "--variant=minbase", "--format=tar", "--skip=output/dev",
            .. debian.Packages.Count > 0 ? [$"--include={string.Join(',', debian.Packages)}"] : Array.Empty<string>(),
            .. s_leaveOut,
            .. await ProxiesAsync(cancellationToken).ConfigureAwait(false),
            DebianRecipe.Suite, Path.Combine(folder, "rootfs.tar"), .. lines,
        ];
        await BuildTool.RunAsync(privilege, command, variables, line => Relay(line, report), cancellationToken).ConfigureAwait(false);

        report(EnvironmentProgress.Image, "file system image");
        await BuildTool.RunAsync(
            privilege,
            ["sh", "-c", DebianRootScript.Text, "root-script", folder, DiskSize.ToString(CultureInfo.InvariantCulture), UuidOf(recipe)],
            variables,
            line: null,
            cancellationToken).ConfigureAwait(false);

        EnvironmentPackage[] packages =
        [
            .. (await File.ReadAllLinesAsync(Path.Combine(folder, "packages.txt"), cancellationToken).ConfigureAwait(false))
                .Select(line => line.Split(' ', 2))
                .Where(words => words.Length == 2)
                .Select(words => new EnvironmentPackage(words[0], words[1])),
        ];
        return new EnvironmentContent($"Debian packages from {DebianMirrors.Hosts(lines)}", packages);
    }

    private static EnvironmentRecipe ToRecipe(DebianRecipe debian) => new(
        debian.Name,
        debian.Description,
        string.Join('\n', [DebianRecipe.Suite, DiskSize.ToString(CultureInfo.InvariantCulture), .. debian.Packages, .. s_leaveOut, DebianRootScript.Text]));

    // One recipe, one UUID: builds of the same content stay the same.
    private static string UuidOf(EnvironmentRecipe recipe) =>
        new Guid(SHA256.HashData(Encoding.UTF8.GetBytes($"file system of {recipe.Name} {recipe.Key}")).AsSpan(0, 16)).ToString();

    private static void Relay(string line, Action<string, string> report)
    {
        if (line.StartsWith("I: ", StringComparison.Ordinal) && line.EndsWith("...", StringComparison.Ordinal))
            report(EnvironmentProgress.Packages, line[3..^3]);
    }

    private static void RequireTools()
    {
        (string Program, string Package)[] needed =
            [("mmdebstrap", "mmdebstrap"), ("mkfs.ext4", "e2fsprogs"), ("tar", "tar"), ("dpkg-query", "dpkg"), ("setpriv", "util-linux"), ("apt-get", "apt")];
        var missing = new List<string>();
        foreach ((string program, string package) in needed)
        {
            if (!BuildTool.Exists(program))
                missing.Add(package);
        }

        if (missing.Count > 0)
        {
            throw new PyroException(
                ErrorCodes.ToolMissing,
                $"environments are built with programs that are not installed: {string.Join(", ", missing)}",
                $"On Debian: apt-get install {string.Join(' ', missing)}");
        }
    }

    // mmdebstrap reads none of this machine's apt configuration. The option goes away with the script's first step.
    private static async Task<IReadOnlyList<string>> ProxiesAsync(CancellationToken cancellationToken)
    {
        var options = new List<string>();
        foreach (string name in s_proxyOptions)
        {
            string proxy = (await BuildTool.RunAsync(BuildPrivilege.None, ["apt-config", "dump", "--format", "%v", name], null, null, cancellationToken).ConfigureAwait(false)).Trim();
            if (proxy.Length > 0)
                options.Add($"--aptopt={name} \"{proxy}\";");
        }
        return options;
    }
}
