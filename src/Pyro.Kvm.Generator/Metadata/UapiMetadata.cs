using System.Globalization;

namespace Pyro.Kvm.Generator.Metadata;

/// <summary>
/// The facts of the Linux UAPI headers, as read from the committed text file. One fact a line, words divided by one space:
/// <code>
/// headers HEADER...                     the headers the facts below come from, one translation unit
/// struct|union|typedef NAME SIZE ALIGN  a record; its members follow, indented
///  OFFSET[:BIT:WIDTH] TYPE NAME         a member
/// const NAME TYPE VALUE                 a macro or enumerator
/// ioctl NAME NUMBER TYPE                an ioctl and what its argument points to
/// alias NAME RECORD                     a typedef of a record that has a tag
/// </code>
/// </summary>
internal sealed class UapiMetadata
{
    private readonly Dictionary<string, RecordFact> _records = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConstantFact> _constants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IoctlFact> _ioctls = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _aliases = new(StringComparer.Ordinal);
    private readonly List<HeaderGroup> _groups = [];

    /// <summary>Structs and unions by name.</summary>
    public IReadOnlyDictionary<string, RecordFact> Records => _records;

    /// <summary>Integer constants by name.</summary>
    public IReadOnlyDictionary<string, ConstantFact> Constants => _constants;

    /// <summary>Ioctls by name.</summary>
    public IReadOnlyDictionary<string, IoctlFact> Ioctls => _ioctls;

    /// <summary>Typedef names of records that have another, own name.</summary>
    public IReadOnlyDictionary<string, string> Aliases => _aliases;

    /// <summary>Which headers gave which names, in the order of the file.</summary>
    public IReadOnlyList<HeaderGroup> Groups => _groups;

    /// <summary>Reads the metadata file's text.</summary>
    /// <exception cref="FormatException">A line is no fact; the message names the line.</exception>
    public static UapiMetadata Parse(string text)
    {
        var metadata = new UapiMetadata();
        List<FieldFact>? fields = null;
        HeaderGroup? group = null;
        int number = 0;
        for (int start = 0; start < text.Length;)
        {
            int end = text.IndexOf('\n', start);
            end = end < 0 ? text.Length : end;
            string line = text.Substring(start, end - start);
            start = end + 1;
            number++;
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }
            try
            {
                if (line[0] == ' ')
                {
                    fields!.Add(ParseField(line.Split(' ')));
                }
                else
                {
                    fields = metadata.AddFact(line.Split(' '), ref group);
                }
            }
            catch (Exception e) when (e is FormatException or OverflowException or NullReferenceException or IndexOutOfRangeException or ArgumentException)
            {
                throw new FormatException("line " + number.ToString(CultureInfo.InvariantCulture) + " is no fact: " + line, e);
            }
        }
        return metadata;
    }

    private static FieldFact ParseField(string[] words)
    {
        string[] place = words[1].Split(':');
        return new FieldFact(
            words[3],
            ParseInt(place[0]),
            NativeType.Parse(words[2]),
            place.Length > 1 ? ParseInt(place[1]) : 0,
            place.Length > 1 ? ParseInt(place[2]) : 0);
    }

    private static int ParseInt(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private List<FieldFact>? AddFact(string[] words, ref HeaderGroup? group)
    {
        if (words[0] == "headers")
        {
            List<string> headers = [.. words];
            headers.RemoveAt(0);
            group = new HeaderGroup(headers);
            _groups.Add(group);
            return null;
        }
        string name = words[1];
        group!.Add(name);
        switch (words[0])
        {
            case "struct" or "union" or "typedef":
                List<FieldFact> fields = [];
                _records.Add(name, new RecordFact(name, words[0], ParseInt(words[2]), ParseInt(words[3]), fields));
                return fields;
            case "const":
                _constants.Add(name, new ConstantFact(name, words[2], words[3]));
                return null;
            case "ioctl":
                _ioctls.Add(name, new IoctlFact(name, uint.Parse(words[2], CultureInfo.InvariantCulture), NativeType.Parse(words[3])));
                return null;
            case "alias":
                _aliases.Add(name, words[2]);
                return null;
            default:
                throw new FormatException(words[0]);
        }
    }
}
