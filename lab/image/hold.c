// Keeps one small virtual machine, which never runs, for as long as the lab lives.
//
// The first VM of a host, and the last, switch KVM on and off: an IPI to every CPU, and kernel code patched at run time
// (the preempt notifier's static key lies in the scheduler, the local APIC's in KVM). QEMU 7.2 translates a page before
// it watches it for writes, so with two CPUs one of them may keep executing the breakpoint that marks the place while it
// is being patched, for ever: the lab then stands still. With a VM that stays, no key ever changes again.
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    // The vCPU's local APIC stays as it is after a reset, disabled by software: its key stays on.
    if (vm < 0 || ioctl(vm, KVM_CREATE_IRQCHIP, 0) < 0 || ioctl(vm, KVM_CREATE_VCPU, 0) < 0) {
        perror("lab: failed: no virtual machine can be made");
        return 1;
    }
    if (fork() == 0)
        for (;;) pause();
    return 0;
}
