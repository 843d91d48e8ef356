#!/bin/bash
# What kernel options cost: builds the kernel with each extra fragment and boots all of them in QEMU, one virtual
# nanosecond an instruction (icount), so that the numbers are the same on every machine and in every run.
#
# usage: cost.sh [FRAGMENT...]     e.g. cost.sh costs/*.config; without one only the kernel itself is measured
# Prints a line each: name, size of vmlinux, code and data, instructions until the kernel looks for its root disk.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${PYRO_COST_CPUS:=1}" "${PYRO_COST_MEM_MIB:=1024}" "${PYRO_COST_APPEND:=noreplace-smp no_timer_check}"

# With no root disk the kernel ends in a panic right where it would start init. The waits of the two clock calibrations
# do not happen under KVM and are no work: they are in the number of every kernel, so compare differences.
boot_instructions() {
    timeout 300 qemu-system-x86_64 -M microvm,accel=tcg,rtc=on,auto-kernel-cmdline=off -cpu max,-la57 \
        -icount shift=0,sleep=off -smp "$PYRO_COST_CPUS" -m "$PYRO_COST_MEM_MIB" \
        -nodefaults -no-user-config -no-reboot -display none -serial stdio -kernel "$1/vmlinux" \
        -append "console=ttyS0 loglevel=1 reboot=k panic=-1 tsc=reliable lpj=1000000 rcupdate.rcu_expedited=1 root=/dev/none $PYRO_COST_APPEND" |
        sed -n 's/^\[ *\([0-9]*\)\.\([0-9]*\)\] Kernel panic - not syncing: VFS.*/\1\2/p' | sed 's/^0*//'
}

measure() { # NAME FOLDER
    read -r text data bss _ < <(size "$2/vmlinux" | tail -n 1)
    local thousands
    thousands=$(boot_instructions "$2")
    [ -n "$thousands" ] || { echo "$1: did not boot" >&2; return 1; }
    printf '%-24s vmlinux %6d KiB   code+data %6d KiB   bss %5d KiB   boot %7.2f M instructions\n' \
        "$1" "$(($(stat -c %s "$2/vmlinux") / 1024))" "$(((text + data) / 1024))" "$((bss / 1024))" \
        "$(awk "BEGIN { print $thousands / 1000 }")"
}

measure pyro "$(PYRO_KERNEL_EXTRA='' "$here/build.sh")"
for fragment; do
    measure "$(basename "$fragment" .config)" "$(PYRO_KERNEL_EXTRA=$fragment "$here/build.sh")"
done
