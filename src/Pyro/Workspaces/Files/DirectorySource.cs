using System.Text;
using Pyro.Trees;
using Pyro.Trees.Tar;

namespace Pyro.Workspaces.Files;

/// <summary>All that is in a folder of the host.</summary>
internal sealed class DirectorySource(string path) : PushSource
{
    internal override string Origin => "directory";

    internal override void Send(ITarOutput output)
    {
        var archive = new TarWriter(output);
        new TreeSender(archive, strict: true).SendContents(OpenFolder(path), default);
        archive.Complete();
    }

    /// <summary>Opens a folder that the user named.</summary>
    internal static int OpenFolder(string path)
    {
        int folder = TreeCalls.OpenPath(Encoding.UTF8.GetBytes(path + "\0"), TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY);
        return folder >= 0 ? folder : throw TreeException.FromErrno(-folder, path);
    }
}
