# Brings files of the host into the lab: shown to it as a disk for a moment and copied there with their holes.
# That is a hundred times quicker than ssh, whose cipher runs on the emulated CPU.

# One QMP command over the two pipes of the monitor; fails with QEMU's words in `answer`.
monitor() {
  local line
  printf '%s\n' "$1" >&"$monitor_in"
  while IFS= read -r -t 20 line <&"$monitor_out"; do
    case $line in
      *'"error"'*) answer=$line; return 1 ;;
      *'"return"'*) answer=$line; return 0 ;;
    esac
  done
  answer='QEMU did not answer'
  return 1
}

monitor_open() {
  exec {monitor_in}<>"$state/qmp.in" {monitor_out}<>"$state/qmp.out"
  local left
  while IFS= read -r -t 0.01 left <&"$monitor_out"; do :; done   # greeting and events of before
  monitor '{"execute": "qmp_capabilities"}' || [[ $answer == *CommandNotFound* ]] || die "the lab's monitor is broken: $answer"
}

monitor_close() { exec {monitor_in}>&- {monitor_out}>&-; }

json_string() { local text=${1//\\/\\\\}; printf '"%s"' "${text//\"/\\\"}"; }

# A command in the running lab, without the care for signals and terminals that lab/run takes.
lab_do() {
  quoted run "$$-$RANDOM$RANDOM" 0 /root 0 "$@"
  ssh "${ssh_options[@]}" -T 127.0.0.1 "$line"
}

file_extents() { # FILE SIZE: "OFFSET LENGTH" of what is not a hole; all of it where the file system cannot tell
  filefrag -s -v -b1 "$1" 2>/dev/null |
    awk -v size="$2" '
      /^ *[0-9]+:/ { split($0, part, ":"); split(part[2], at, /\.\./); from = at[1] + 0; to = at[2] + 1
                     if (to > size) to = size; if (to > from) printf "%.0f %.0f\n", from, to - from; found = 1 }
      END { if (!found && size > 0) printf "0 %.0f\n", size }'
}

give_file() { # FILE PATH-IN-THE-LAB
  local file=$1 size lun=1
  size=$(stat -L -c %s "$file")
  file=$(realpath "$file")
  monitor_open
  monitor '{"execute": "blockdev-add", "arguments": {"driver": "raw", "node-name": "gift", "read-only": true,
    "file": {"driver": "file", "read-only": true, "locking": "off", "filename": '"$(json_string "$file")"'}}}' ||
    die "the lab cannot read $file: $answer"
  monitor '{"execute": "device_add", "arguments": {"driver": "scsi-hd", "id": "gift", "drive": "gift", "bus": "scsi.0",
    "channel": 0, "scsi-id": 0, "lun": 1}}' || die "the lab cannot be shown $file: $answer"
  local failed=0
  # shellcheck disable=SC2016  # the lab's shell expands
  file_extents "$file" "$size" | lab_do sh -euc '
    for _ in $(seq 100); do
      device=$(ls /sys/bus/scsi/devices/*:0:0:1/block 2>/dev/null) && [ -b "/dev/$device" ] && break
      sleep 0.05
    done
    mkdir -p "$(dirname "$1")"
    rm -f "$1.part"
    /usr/lib/lab/fetch "/dev/$device" "$1.part" "$2"
    echo 1 >"/sys/block/$device/device/delete"
    mv "$1.part" "$1"
  ' sh "$2" "$size" || failed=1
  monitor '{"execute": "device_del", "arguments": {"id": "gift"}}' || :
  for _ in {1..100}; do
    monitor '{"execute": "blockdev-del", "arguments": {"node-name": "gift"}}' && break
    sleep 0.05
  done
  monitor_close
  [ "$failed" = 0 ] || die "$file could not be copied into the lab."
}

give_folder() { # FOLDER PATH-IN-THE-LAB: appears there whole or not at all
  local folder=$1 target=$2 pack name
  pack=$(mktemp "$state/pack.XXXXXX")
  # Images go by themselves, with their holes; symbols, locks and work in progress stay here.
  (cd "$folder" && find . -mindepth 1 -name '.*' -prune -o -name symbols -prune -o -name '*.ext4' -prune -o -print0 |
    tar -chf "$pack" --no-recursion --null -T -)
  give_file "$pack" "$target.part.tar"
  rm -f "$pack"
  for name in "$folder"/*.ext4; do
    [ -e "$name" ] && give_file "$name" "$target.part.$(basename "$name")"
  done
  # shellcheck disable=SC2016
  lab_do sh -euc '
    rm -rf "$1.part" "$1"
    mkdir -m 700 "$1.part"
    tar -C "$1.part" -xf "$1.part.tar" --no-same-owner
    rm "$1.part.tar"
    for image in "$1".part.*.ext4; do [ ! -e "$image" ] || mv "$image" "$1.part/${image#"$1".part.}"; done
    mv "$1.part" "$1"
  ' sh "$target" </dev/null || die "$folder could not be unpacked in the lab."
}

lab_has() { grep -qxF -- "$1" "$state/has" 2>/dev/null; }

# A folder made anew under its old name has another time.
gift() { echo "$2 $(stat -c %y "$1")"; } # FOLDER PATH-IN-THE-LAB

give_once() { # FOLDER PATH-IN-THE-LAB; call it with the giving lock held
  lab_has "$(gift "$1" "$2")" && return
  say "copying $(basename "$1") into the lab"
  give_folder "$1" "$2"
  gift "$1" "$2" >>"$state/has"
}
