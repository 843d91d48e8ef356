using Microsoft.CodeAnalysis;
using Pyro.Kvm.Generator.Metadata;

namespace Pyro.Kvm.Generator;

/// <summary>The facts that a list of names asks for, with every type they need.</summary>
internal sealed class Selection
{
    private readonly UapiMetadata _metadata;
    private readonly List<Diagnostic> _diagnostics = [];

    private Selection(UapiMetadata metadata) => _metadata = metadata;

    /// <summary>Records that get a file of their own; nested ones come with the outer.</summary>
    public SortedDictionary<string, RecordFact> Records { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, ConstantFact> Constants { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, IoctlFact> Ioctls { get; } = new(StringComparer.Ordinal);

    /// <summary>Lengths of the arrays that occur.</summary>
    public SortedSet<int> ArrayLengths { get; } = [];

    public IReadOnlyList<Diagnostic> Diagnostics => _diagnostics;

    public static Selection Of(NameList list, UapiMetadata metadata)
    {
        var selection = new Selection(metadata);
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (ListedName name in list.Names)
        {
            if (!seen.Add(name.Text))
            {
                selection._diagnostics.Add(Diagnostic.Create(Generator.Diagnostics.ListedTwice, name.At(list.Path), name.Text));
            }
            else if (!(name.IsPattern ? selection.AddMatching(name) : selection.Add(name.Text)))
            {
                selection._diagnostics.Add(Diagnostic.Create(Generator.Diagnostics.UnknownName, name.At(list.Path), name.Text, selection.Hint(name.Text)));
            }
        }
        return selection;
    }

    /// <summary>Adds whatever is called <paramref name="name"/>; C may call both a struct and a constant so.</summary>
    private bool Add(string name)
    {
        bool found = false;
        if (_metadata.Records.TryGetValue(name, out RecordFact? record))
        {
            AddRecord(record);
            found = true;
        }
        if (_metadata.Constants.TryGetValue(name, out ConstantFact? constant))
        {
            Constants[name] = constant;
            found = true;
        }
        if (_metadata.Ioctls.TryGetValue(name, out IoctlFact? ioctl))
        {
            Ioctls[name] = ioctl;
            AddType(ioctl.Argument);
            found = true;
        }
        return found;
    }

    /// <summary>A pattern asks for constants alone: types and ioctls are named one by one.</summary>
    private bool AddMatching(ListedName pattern)
    {
        bool found = false;
        foreach (KeyValuePair<string, ConstantFact> constant in _metadata.Constants)
        {
            if (pattern.Matches(constant.Key))
            {
                Constants[constant.Key] = constant.Value;
                found = true;
            }
        }
        return found;
    }

    private void AddRecord(RecordFact record)
    {
        int dot = record.Name.IndexOf('.');
        if (dot >= 0)
        {
            AddRecord(_metadata.Records[record.Name.Substring(0, dot)]);
            return;
        }
        if (!Records.ContainsKey(record.Name))
        {
            Records.Add(record.Name, record);
            AddFields(record);
        }
    }

    private void AddFields(RecordFact record)
    {
        foreach (FieldFact field in record.Fields)
        {
            NativeType innermost = field.Type.Innermost;
            if (innermost.Name.StartsWith(record.Name + ".", StringComparison.Ordinal))
            {
                AddFields(_metadata.Records[innermost.Name]);
            }
            AddType(field.Type);
        }
    }

    private void AddType(NativeType type)
    {
        if (type.Kind == NativeTypeKind.Array)
        {
            ArrayLengths.Add(type.Length);
        }
        if (type.Element is not null)
        {
            AddType(type.Element);
        }
        else if (type.Kind == NativeTypeKind.Record)
        {
            AddRecord(_metadata.Records[type.Name]);
        }
    }

    private string Hint(string name)
    {
        if (_metadata.Aliases.TryGetValue(name, out string? target))
        {
            return "; it is a typedef, name its type '" + target + "'";
        }
        foreach (IEnumerable<string> names in new[] { _metadata.Records.Keys, _metadata.Constants.Keys, _metadata.Ioctls.Keys })
        {
            foreach (string other in names)
            {
                if (string.Equals(other, name, StringComparison.OrdinalIgnoreCase))
                {
                    return "; did you mean '" + other + "'?";
                }
            }
        }
        return "";
    }
}
