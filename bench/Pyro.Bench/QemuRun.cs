using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Pyro.Kvm;
using Pyro.Protocol;
using Pyro.Vmm.Boot;

namespace Pyro.Bench;

/// <summary>
/// The same job by QEMU's <c>microvm</c>: the same kernel, kernel command line, initramfs with the same agent, root disk
/// under a throw-away layer, one vCPU and 1024 MiB. The agent says ready over vsock, is asked to run <c>true</c>, and
/// QEMU is killed as Pyro kills its throw-away machines. The client is this process, already running: QEMU is spared
/// what `pyro run` pays for its own start.
/// </summary>
internal sealed class QemuRun(FileDescriptor readyListener, string rootDisk)
{
    private const string Machine = "microvm,acpi=off,x-option-roms=off,pit=off,pic=off,rtc=off,isa-serial=on,auto-kernel-cmdline=on";

    // What Pyro gives its kernels; QEMU adds the devices itself.
    private const string CommandLine = KernelCommandLine.Base + " pyro.root=/dev/vda pyro.rootflags=noload pyro.hostname=debian-12 pyro.time=";

    private uint _cid = 2000;

    internal async Task<double> MeasureAsync(string logPath)
    {
        using SafeFileHandle log = File.OpenHandle(logPath, FileMode.Create, FileAccess.ReadWrite);
        string cid = (++_cid).ToString(CultureInfo.InvariantCulture);
        string time = ((DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100).ToString(CultureInfo.InvariantCulture);
        long start = Stopwatch.GetTimestamp();
        using ChildProcess qemu = Child.Start(Files.Qemu, log,
            "-M", Machine, "-accel", "kvm", "-cpu", "host", "-smp", "1", "-m", "1024",
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "null",
            "-kernel", Files.Kernel, "-initrd", Files.Initramfs, "-append", CommandLine + time,
            "-drive", $"id=root,file={rootDisk},format=raw,if=none,snapshot=on",
            "-device", "virtio-blk-device,drive=root",
            "-device", $"vhost-vsock-device,guest-cid={cid}",
            "-device", "virtio-rng-device");
        try
        {
            Task<ExitedMessage> job = Task.Run(RunTrueAsync);
            Task died = Task.Run(() => qemu.Handle.WaitReadable());
            if (await Task.WhenAny(job, died, Task.Delay(TimeSpan.FromSeconds(120))) != job)
                throw new BenchException($"QEMU did not bring its guest up: {Child.Tail(logPath)}");
            if ((await job).ShellCode != 0)
                throw new BenchException("`true` failed in QEMU's guest");
        }
        finally
        {
            qemu.TryKill();
            qemu.Wait();
        }
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private async Task<ExitedMessage> RunTrueAsync()
    {
        await using (Stream ready = VsockSocket.Accept(readyListener))
            _ = await GuestConnection.ReadReadyAsync(ready);
        await using var connection = new GuestConnection(VsockSocket.Connect(_cid, Wire.AgentPort));
        await using ExecStream exec = await connection.ExecAsync(new ExecRequest { Arguments = ["true"] });
        return await exec.RunAsync(null, Stream.Null, Stream.Null);
    }
}
