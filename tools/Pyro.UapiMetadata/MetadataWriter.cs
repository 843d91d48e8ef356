using System.Globalization;
using System.Text;
using Pyro.Kvm.Generator.Metadata;

namespace Pyro.UapiReader;

/// <summary>Writes facts as the text that <see cref="UapiMetadata"/> reads. The same facts give the same bytes.</summary>
internal sealed class MetadataWriter
{
    private readonly StringBuilder _text = new();
    private readonly HashSet<string> _records = new(StringComparer.Ordinal);
    private readonly HashSet<string> _constants = new(StringComparer.Ordinal);
    private readonly HashSet<string> _aliases = new(StringComparer.Ordinal);

    /// <summary>Starts the text with a comment.</summary>
    public MetadataWriter(string comment) => _text.Append("# ").Append(comment).Append('\n');

    /// <summary>Whether a record of that name has been written.</summary>
    public bool HasRecord(string name) => _records.Contains(name);

    /// <summary>Whether an alias of that name has been written.</summary>
    public bool HasAlias(string name) => _aliases.Contains(name);

    /// <summary>Appends a group's facts, without those whose name an earlier group has.</summary>
    public void Append(Facts facts)
    {
        _text.Append("headers ").AppendJoin(' ', facts.Headers).Append('\n');
        foreach (RecordFact record in facts.Records.Values)
        {
            // A nested type belongs to its outer one, which an earlier group may have given.
            if (!_records.Contains(record.Name.Split('.')[0]))
            {
                Append(record);
            }
        }
        _records.UnionWith(facts.Records.Keys);
        foreach ((string name, string target) in facts.Aliases)
        {
            if (!_records.Contains(name) && _aliases.Add(name))
            {
                Line("alias", name, target);
            }
        }
        foreach (ConstantFact constant in facts.Constants.Values)
        {
            if (_constants.Add(constant.Name))
            {
                Line("const", constant.Name, constant.Type, constant.Value);
            }
        }
        foreach (IoctlFact ioctl in facts.Ioctls.Values)
        {
            if (_constants.Add(ioctl.Name))
            {
                Line("ioctl", ioctl.Name, ioctl.Number.ToString(CultureInfo.InvariantCulture), ioctl.Argument.ToString());
            }
        }
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    private void Append(RecordFact record)
    {
        Line(record.Kind, record.Name, Text(record.Size), Text(record.Alignment));
        foreach (FieldFact field in record.Fields)
        {
            string place = field.BitWidth == 0 ? Text(field.Offset) : Text(field.Offset) + ":" + Text(field.BitOffset) + ":" + Text(field.BitWidth);
            Line("", place, field.Type.ToString(), field.Name);
        }
    }

    private void Line(params string[] words) => _text.AppendJoin(' ', words).Append('\n');

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
