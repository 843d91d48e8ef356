using Pyro.Kvm.Generator.Metadata;

namespace Pyro.UapiReader;

/// <summary>The facts of one group of headers.</summary>
internal sealed class Facts(IReadOnlyList<string> headers)
{
    public IReadOnlyList<string> Headers { get; } = headers;

    public SortedDictionary<string, RecordFact> Records { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, ConstantFact> Constants { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, IoctlFact> Ioctls { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> Aliases { get; } = new(StringComparer.Ordinal);

    /// <summary>Drops what holds a record that is not known: one with a member that the metadata has no words for.</summary>
    /// <param name="isRecord">Whether an earlier group has a record of that name.</param>
    /// <param name="isAlias">Whether an earlier group has that name for a record of another: the name is taken.</param>
    public void Prune(Func<string, bool> isRecord, Func<string, bool> isAlias)
    {
        Remove(Records, name => isAlias(name.Split('.')[0]));
        bool changed;
        do
        {
            List<string> broken = [.. Records.Values.Where(record => Needed(record).Any(name => !Records.ContainsKey(name) && !isRecord(name))).Select(record => record.Name)];
            broken.ForEach(name => Records.Remove(name));
            changed = broken.Count > 0;
        }
        while (changed);

        Remove(Ioctls, name => Ioctls[name].Argument.Innermost is { Kind: NativeTypeKind.Record } argument && !Records.ContainsKey(argument.Name) && !isRecord(argument.Name));
        Remove(Aliases, name => name.StartsWith('_') || !Records.ContainsKey(Aliases[name]));
    }

    private static IEnumerable<string> Needed(RecordFact record) =>
        record.Fields.Select(field => field.Type.Innermost).Where(type => type.Kind == NativeTypeKind.Record).Select(type => type.Name);

    private static void Remove<T>(SortedDictionary<string, T> facts, Func<string, bool> unwanted)
    {
        foreach (string name in facts.Keys.Where(unwanted).ToArray())
        {
            facts.Remove(name);
        }
    }
}
