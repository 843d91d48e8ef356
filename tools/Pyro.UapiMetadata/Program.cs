using Pyro.UapiReader;

if (args is not [string output])
{
    Console.Error.WriteLine("usage: Pyro.UapiMetadata OUTPUT");
    return 2;
}
try
{
    File.WriteAllText(output, MetadataText.Make());
    return 0;
}
catch (UapiException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
