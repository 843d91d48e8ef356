// Keeps one small virtual machine, which never runs, for as long as the lab lives.
//
// The first VM of a host, and the last, switch KVM on and off, and that patches kernel code at run time (the preempt
// notifier's static key lies in the scheduler, the local APIC's in KVM): QEMU would have to translate the scheduler anew
// for each start and end of a machine. With a VM that stays, no key ever changes again.
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
