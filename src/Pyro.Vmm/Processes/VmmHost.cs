using System.Diagnostics;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Kvm.Native;
using Pyro.Vmm.Boot;
using Pyro.Vmm.Devices;
using Pyro.Vmm.Disks;
using Pyro.Vmm.Snapshots;

namespace Pyro.Vmm.Processes;

/// <summary>The VMM process: one machine, from the configuration that arrives on descriptor 3 to the machine's end.</summary>
public sealed class VmmHost
{
    /// <summary>The hidden verb that makes the executable a VMM process.</summary>
    public const string Verb = "vmm";

    /// <summary>Where a VMM process finds the socket to the process that started it.</summary>
    internal const int ControlDescriptor = 3;

    private readonly ControlSocket _control;
    private readonly MachineConfig _config;
    private readonly SafeFileHandle[] _descriptors;
    private readonly Machine _machine;
    private readonly LiveSaver _liveSaver;
    private readonly SafeFileHandle? _pageMap;
    private readonly Lock _requests = new();
    private bool _isSaved;
    private volatile bool _isDetached;

    private VmmHost(ControlSocket control, MachineConfig config, SafeFileHandle[] descriptors, Machine machine, SafeFileHandle? pageMap)
    {
        _pageMap = pageMap;
        _control = control;
        _config = config;
        _descriptors = descriptors;
        _machine = machine;
        _isDetached = config.Detached;
        _liveSaver = new LiveSaver(machine, config.Parts, KvmSystem.FromHandle(descriptors[config.KvmDescriptor]));
    }

    /// <summary>Runs the machine until it ends.</summary>
    /// <returns>The process's exit code: 0 if the machine ran and ended, 125 if it could not be built.</returns>
    public static int Run()
    {
        using var control = new ControlSocket(new SafeFileHandle(ControlDescriptor, true));
        if (!control.TryReceiveConfig(out MachineConfig? config, out SafeFileHandle[] descriptors))
        {
            Console.Error.WriteLine("pyro vmm: is started by pyro itself; it has no use on the command line");
            return 125;
        }

        long configured = Stopwatch.GetTimestamp();
        VmmHost host;
        try
        {
            SafeFileHandle? pageMap = config.NotesWorkingSet ? WorkingSet.OpenPageMap() : null;
            Confinement.Apply();
            host = new VmmHost(control, config, descriptors, Build(config, descriptors), pageMap);
        }
        catch (Exception e) when (FailureCode(e) is string code)
        {
            control.Send<VmmEvent>(new MachineFailed(code, e.Message), ProcessJson.Default.VmmEvent);
            return 125;
        }

        return host.RunMachine(configured);
    }

    private static Machine Build(MachineConfig config, SafeFileHandle[] descriptors)
    {
        // What is no snapshot is refused as such, whatever its disk layers look like.
        SnapshotFile? saved = config.Restore is SnapshotFiles files ? ReadState(files, config.Parts, descriptors) : null;
        KvmSystem kvm = KvmSystem.FromHandle(descriptors[config.KvmDescriptor]);
        var console = new ConsoleLog(config.ConsoleDescriptor is int c ? new FileStream(descriptors[c], FileAccess.Write, 0) : null);
        var machine = new Machine(kvm, new MachineOptions
        {
            VcpuCount = config.VcpuCount,
            MemoryBytes = (ulong)config.MemMib << 20,
            Console = console,
            Devices = DeviceList.Of(config, descriptors, Log),
            Log = Log,
            WillRestore = config.Restore is not null,
        });
        if (saved is not null && config.Restore is SnapshotFiles snapshot)
        {
            machine.Restore(saved, snapshot.Name, descriptors[snapshot.MemoryDescriptor]);
            if (snapshot.WorkingSetDescriptor is int workingSet && !config.NotesWorkingSet)
                WorkingSet.Prefetch(descriptors[workingSet], machine.Memory);
            return machine;
        }

        machine.LoadKernel(
            config.KernelDescriptor is int k ? descriptors[k] : throw new BootException("neither a kernel nor a snapshot came with the configuration"),
            config.KernelName,
            config.InitramfsDescriptor is int i ? descriptors[i] : null,
            config.CommandLine,
            config.BootProtocol);
        return machine;
    }

    private static SnapshotFile ReadState(SnapshotFiles snapshot, IReadOnlyList<string> parts, SafeFileHandle[] descriptors)
    {
        SnapshotFile file = SnapshotFile.Read(descriptors[snapshot.StateDescriptor], snapshot.Name);
        SnapshotParts.Require(file.Get(SectionKind.Description, 0), parts, snapshot.Name);
        return file;
    }

    private int RunMachine(long configured)
    {
        long created = Stopwatch.GetTimestamp();
        new MachineThread("control", WatchParent).Start();
        if (_config.ControlListenDescriptor is int listener)
        {
            new MachineThread("listen", () => Listen(_descriptors[listener])).Start();
        }

        if (_config.ExpiresAtMs is long expiry)
        {
            new MachineThread("expiry", () => EndAt(DateTimeOffset.FromUnixTimeMilliseconds(expiry))).Start();
        }

        _control.Send<VmmEvent>(new MachineStarted(configured, created, Stopwatch.GetTimestamp()), ProcessJson.Default.VmmEvent);
        _machine.Start();

        // Sleeps; GetResult alone would first look again and again, on the processor that the guest could have.
        ((IAsyncResult)_machine.Exited).AsyncWaitHandle.WaitOne();
        MachineExit exit = _machine.Exited.GetAwaiter().GetResult();
        if (_config.ExitDescriptor is int file)
        {
            RandomAccess.Write(_descriptors[file], JsonSerializer.SerializeToUtf8Bytes(exit, ProcessJson.Default.MachineExit), 0);
        }

        _control.Send<VmmEvent>(new MachineExited(exit), ProcessJson.Default.VmmEvent);
        End(0);
        return 0;
    }

    /// <summary>Obeys the process that started this one, and notices its death: the socket closes.</summary>
    private void WatchParent()
    {
        Serve(_control);
        if (!_isDetached)
        {
            End(0);
        }
    }

    private string? NoteWorkingSet()
    {
        if (_pageMap is null || _config.Restore?.WorkingSetDescriptor is not int file)
        {
            return "no file for a working set came with the configuration";
        }

        try
        {
            _machine.NoteWorkingSet(_descriptors[file], _pageMap);
            return null;
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    /// <summary>Obeys whoever connects; the socket lies where only the user's own processes find it.</summary>
    private void Listen(SafeFileHandle listener)
    {
        while (UnixSocket.Accept(listener) is FileDescriptor connection)
        {
            new MachineThread("control", () =>
            {
                using var control = new ControlSocket(connection);
                Serve(control);
            }).Start();
        }
    }

    private void Serve(ControlSocket control)
    {
        while (control.TryReceive(ProcessJson.Default.VmmRequest, out VmmRequest? request, out SafeFileHandle[] descriptors))
        {
            lock (_requests)
            {
                Obey(request, descriptors, control);
            }
        }
    }

    private void Obey(VmmRequest request, SafeFileHandle[] descriptors, ControlSocket control)
    {
        if (request.Command == VmmCommand.Stop)
        {
            _machine.Stop();
        }
        else if (request.Command == VmmCommand.Save)
        {
            control.Send<VmmEvent>(new MachineSaved(Save()), ProcessJson.Default.VmmEvent);
        }
        else if (request.Command == VmmCommand.NoteWorkingSet)
        {
            control.Send<VmmEvent>(new WorkingSetNoted(NoteWorkingSet()), ProcessJson.Default.VmmEvent);
        }
        else if (request.Command == VmmCommand.Detach)
        {
            _isDetached = true;
        }
        else if (request.Command == VmmCommand.Count)
        {
            control.Send<VmmEvent>(new MachineCounted(_machine.Counters), ProcessJson.Default.VmmEvent);
        }
        else if (request is { Command: VmmCommand.SaveLive, LiveSave: LiveSaveRequest live })
        {
            _liveSaver.Begin(live, descriptors, _isSaved ? "the machine is paused: its snapshot has been taken" : null, control);
        }
    }

    /// <summary>Ends the machine at a time of the calendar, however the clock comes to it.</summary>
    private void EndAt(DateTimeOffset expiry)
    {
        TimeSpan look = TimeSpan.FromSeconds(10);
        for (TimeSpan left; (left = expiry - DateTimeOffset.UtcNow) > TimeSpan.Zero;)
        {
            Thread.Sleep(left < look ? left : look);
        }

        _machine.Expire();
    }

    private string? Save()
    {
        if (_config.Save is not SnapshotFiles files)
        {
            return "no files for a snapshot came with the configuration";
        }

        if (_liveSaver.IsUnderWay)
        {
            return LiveSaver.Busy;
        }

        try
        {
            _isSaved = true;
            _machine.Pause();
            _machine.FreezeDisks();
            byte[] state = _machine.Save(
                KvmSystem.FromHandle(_descriptors[_config.KvmDescriptor]), SnapshotParts.ToBytes(_config.Parts), _descriptors[files.MemoryDescriptor]);
            RandomAccess.Write(_descriptors[files.StateDescriptor], state, 0);
            return null;
        }
        catch (Exception e) when (e is IOException or DiskException or LinuxException)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// Ends the process without taking the machine apart: the kernel does that after the process is gone, and nobody waits for it.
    /// </summary>
    private void End(int code)
    {
        if (_config.RuntimeFolder is string folder && !_config.KeepRuntimeFolder)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (IOException)
            {
                // The starting process, if it lives, removes the folder too; whoever is second finds it gone.
            }
        }

        Libc._exit(code);
    }

    /// <summary>Standard error is the machine's log.</summary>
    private static void Log(string line) => Console.Error.WriteLine(line);

    private static string? FailureCode(Exception e) => e switch
    {
        BootException => "boot_failed",
        SnapshotException => "snapshot_failed",
        DiskException => "disk_failed",
        KvmException => "kvm_failed",
        LinuxException { Errno: Uapi.ENOMEM } or OutOfMemoryException => "out_of_memory",
        LinuxException or IOException => "vmm_failed",
        _ => null,
    };
}
