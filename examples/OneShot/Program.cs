// One command in one throw-away machine, at once and step by step.
// usage: OneShot COMMAND [ARG...]
using Pyro;
using Pyro.Vms;

string[] command = args.Length > 0 ? args : ["uname", "-sm"];
var pyro = new PyroClient();
try
{
    RunResult run = await pyro.RunInVmAsync(new RunRequest { Environment = "debian:12", Command = command });
    Console.Write(run.Stdout);
    Console.Error.Write(run.Stderr);
    Console.WriteLine($"exit code {run.ExitCode} in a machine of its own ({run.ExecutionMode})");

    // The same in steps: the machine waits until its command comes, and is gone after it.
    Vm vm = await pyro.CreateVmAsync(new CreateVmRequest { Environment = "debian:12", TtlSeconds = 600 });
    Console.WriteLine($"made: {vm.State}, {vm.StopReason}; network: {(await pyro.NetworkInfoVmAsync(vm.VmId)).NetworkPolicy}");
    Console.WriteLine($"started: {(await pyro.StartVmAsync(vm.VmId)).State}");
    Console.Write((await pyro.ExecVmAsync(vm.VmId, command)).Stdout);
    try
    {
        await pyro.StatusVmAsync(vm.VmId);
    }
    catch (PyroException e) when (e.Code == ErrorCodes.VmNotFound)
    {
        Console.WriteLine("gone after its command");
    }

    return run.ExitCode;
}
catch (PyroException e)
{
    Console.Error.WriteLine($"{e.Code}: {e.Message}\n{e.Hint}");
    return 125;
}
