# Starts, finds and stops the lab's machine. Its state lives in a private folder, one for a user, image and cache.

machine_settings() {
  idle_minutes=${PYRO_LAB_IDLE_MINUTES:-30}
  boot_seconds=${PYRO_LAB_BOOT_SECONDS:-120}
  network=${PYRO_LAB_NETWORK:-off}
  local total
  total=$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
  # Taken from the host only as the lab touches it. Eight guests of 1 GiB run in it at once.
  mem_mib=${PYRO_LAB_MEM_MIB:-$((total / 2 < 12288 ? total / 2 : 12288))}
  local name
  for name in idle_minutes boot_seconds mem_mib; do
    [[ ${!name} =~ ^[0-9]+$ ]] || die "PYRO_LAB_${name^^} must be a whole number, not '${!name}'."
  done
}

machine_state() {
  local id
  id=$(printf '%s %s' "$(image_key)" "$cache" | sha256sum | cut -c 1-12)
  state=$(runtime_folder)/lab-$id
  private_folder "$state" || die "$state is not a private folder of this user."
  machine_ssh_options
}

machine_ssh_options() {
  ssh_options=(-F none -p "$(cat "$state/port" 2>/dev/null || echo 0)" -i "$state/key" -l root -e none
    -o IdentitiesOnly=yes -o "UserKnownHostsFile=$state/known_host" -o HostKeyAlias=lab -o StrictHostKeyChecking=yes
    -o UpdateHostKeys=no -o BatchMode=yes -o LogLevel=ERROR -o ConnectTimeout=20 -o ServerAliveInterval=30
    -o "ControlPath=$state/ssh" -o Compression=no)
}

# Its process: the one in the pid file, if that is still the lab and not another program with its number.
machine_pid() {
  local pid
  pid=$(cat "$state/pid" 2>/dev/null) || return 1
  [ -n "$pid" ] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$state/" && echo "$pid"
}

machine_is_up() { [ -e "$state/up" ] && machine_pid >/dev/null; }

# One connection that all calls share; without it each call would pay for a key exchange on an emulated CPU.
machine_connect() {
  [ -S "$state/ssh" ] && ssh "${ssh_options[@]}" -O check 127.0.0.1 2>/dev/null && return
  rm -f "$state/ssh"
  setsid ssh "${ssh_options[@]}" -o ControlMaster=yes -o ControlPersist=yes -N -f 127.0.0.1 \
    </dev/null >/dev/null 2>"$state/ssh.log" {lock}>&-
}

machine_console() { [ -s "$state/console.log" ] && tail -n 15 "$state/console.log" | tr -d '\r' || echo '(nothing was printed)'; }

# Folders of labs that stopped by themselves.
machine_forget_stopped() {
  local mine=$state
  for state in "$(dirname "$mine")"/lab-*/; do
    state=${state%/}
    [ "$state" = "$mine" ] || machine_pid >/dev/null || rm -rf "$state" "$state.lock"
  done
  state=$mine
}

machine_start() { # Call it with the lock held.
  need qemu-system-x86_64 qemu-system-x86
  need ssh openssh-client
  machine_settings
  local image available attempt pid status
  image=$(image_folder)
  available=$(awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)
  [ "$available" -ge 1536 ] || die "only $available MiB of memory are free; the lab needs 1536 to boot." \
    'Close something, or wait until other work has ended.'
  say "booting the lab: an emulated AMD-V machine of $mem_mib MiB (about 10 seconds; stops by itself after $idle_minutes idle minutes)"
  machine_forget_stopped
  rm -f "$state"/*
  mkfifo -m 600 "$state/qmp.in" "$state/qmp.out"
  ssh-keygen -q -t ed25519 -N '' -C lab -f "$state/key" </dev/null
  cp "$image/known_host" "$state/known_host"
  for attempt in 1 2 3 4 5 6; do
    machine_qemu "$image" "$((RANDOM % 20000 + 30000))"
    if ! machine_wait; then
      grep -q 'host forwarding rule' "$state/qemu.log" || break
    else
      machine_ssh_options   # the port is known now
      machine_connect || break
      touch "$state/up"
      return
    fi
  done
  machine_kill
  if grep -q 'host forwarding rule' "$state/qemu.log"; then
    die "no port of 127.0.0.1 could be had for the lab's ssh ($attempt tried): $(cat "$state/qemu.log")"
  elif grep -q 'annot set up guest memory' "$state/qemu.log"; then
    die "the host gave no $mem_mib MiB of memory for the lab: $(cat "$state/qemu.log")" 'Ask for less with PYRO_LAB_MEM_MIB.'
  fi
  # An image that the cheap check found whole and that does not boot is looked at as a whole.
  e2fsck -fn "$image/root.ext4" >/dev/null 2>&1 || { rm -f "$image/facts"; say 'its disk image is damaged; the next call builds it anew'; }
  die "the lab did not come up in $boot_seconds seconds (PYRO_LAB_BOOT_SECONDS)." \
    "QEMU: $(tail -n 3 "$state/qemu.log" | grep . || echo '(said nothing)')" \
    "ssh: $(tail -n 3 "$state/ssh.log" 2>/dev/null | grep . || echo '(said nothing)')" \
    "The end of the console:" "$(machine_console)"
}

machine_qemu() { # IMAGE PORT
  local image=$1 port=$2 restrict=on
  [ "$network" = off ] || restrict=off
  echo "$port" >"$state/port"
  : >"$state/console.log"
  # shellcheck disable=SC2054  # commas are QEMU's
  local arguments=(
    -name "pyro-lab" -nodefaults -no-user-config -display none -no-reboot
    -M q35,kernel-irqchip=off -accel tcg -cpu max,-la57,-erms,-fsrm -smp 1 -m "$mem_mib"   # one CPU: docs/lab.md
    -kernel "$image/vmlinuz"
    -append "root=/dev/nvme0n1 rw init=/usr/lib/lab/init console=ttyS0 quiet panic=-1 mitigations=off nokaslr net.ifnames=0 \
random.trust_cpu=on rcupdate.rcu_expedited=1 norandmaps softlockup_panic=1 watchdog_thresh=30 lab.idle=$((idle_minutes * 60)) lab.key=$(cut -d ' ' -f 2 "$state/key.pub")"
    -drive "if=none,id=root,file=$image/root.ext4,format=raw,snapshot=on,cache=unsafe,discard=unmap"
    -device nvme,drive=root,serial=root
    -device virtio-scsi-pci,id=scsi
    -netdev "user,id=net,restrict=$restrict,hostfwd=tcp:127.0.0.1:$port-:22"
    -device virtio-net-pci,netdev=net,romfile=
    -chardev "file,id=console,path=$state/console.log" -serial chardev:console
    -chardev "pipe,id=monitor,path=$state/qmp" -mon chardev=monitor,mode=control
    -pidfile "$state/pid"
  )
  # A session of its own: it outlives the caller and does not get the caller's Ctrl-C.
  setsid qemu-system-x86_64 "${arguments[@]}" </dev/null >"$state/qemu.log" 2>&1 {lock}>&- &
  qemu=$!
  disown
}

machine_wait() {
  local end=$((SECONDS + boot_seconds))
  while [ "$SECONDS" -lt "$end" ]; do
    grep -q '^lab: failed' "$state/console.log" && return 1
    grep -q '^lab: ready' "$state/console.log" && return 0
    kill -0 "$qemu" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}

machine_kill() {
  local pid
  machine_ssh_options
  [ -S "$state/ssh" ] && ssh "${ssh_options[@]}" -O exit 127.0.0.1 2>/dev/null || :
  pid=$(machine_pid) || { rm -f "$state/up"; return 0; }
  kill "$pid" 2>/dev/null || :
  for _ in {1..50}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  kill -9 "$pid" 2>/dev/null || :
  rm -f "$state/up"
}

with_lock() { # labs|give COMMAND...: one start or stop at a time of any lab of this user, one copy at a time into this one
  exec {lock}>"$(if [ "$1" = give ]; then echo "$state.lock"; else echo "$state/../labs.lock"; fi)"
  shift
  flock "$lock"
  "$@"
  exec {lock}>&-
}

machine_start_if_down() { machine_is_up || machine_start; }

machine_ensure() {
  machine_state
  if ! machine_is_up; then
    with_lock labs machine_start_if_down
    machine_state
  fi
  [ -S "$state/ssh" ] || with_lock labs machine_connect || die "the lab runs, but ssh does not reach it: $(cat "$state/ssh.log")" 'lab/down stops it; the next call starts it anew.'
}
