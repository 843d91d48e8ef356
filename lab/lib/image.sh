# The lab's disk and kernel, built from Debian packages into the cache, by the hash of what they are made from.

image_suite=bookworm
image_disk_size=24G   # sparse: takes what Debian takes, 0.4 GB

image_key() { cat "$lab"/image/* "$lab/lib/image.sh" | sha256sum | cut -c 1-16; }

image_facts() { # FOLDER: what a complete, untouched image looks like, cheap enough to compare at each start
  (cd "$1" && stat -c '%n %s %b' root.ext4 && head -c 4M root.ext4 | sha256sum && sha256sum vmlinuz known_host)
}

image_is_whole() { [ -f "$1/facts" ] && [ "$(image_facts "$1" 2>/dev/null)" = "$(cat "$1/facts")" ]; }

# Runs a command as root: in a user namespace of the caller's if the caller is somebody else.
image_as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else unshare --map-auto --map-root-user -- "$@"; fi
}

image_build() { # FOLDER
  local folder=$1 work packages program
  need mmdebstrap mmdebstrap
  need mkfs.ext4 e2fsprogs
  need gcc gcc
  need ssh-keygen openssh-client
  [ "$(id -u)" = 0 ] || need newuidmap uidmap
  say "building the lab's image from Debian packages, once (about a minute): $folder"
  work=$(mktemp -d "$cache/lab/building.XXXXXX")
  chmod 755 "$work"   # mmdebstrap's user namespace looks into it
  trap 'image_as_root rm -rf "$work"' EXIT
  packages=$(sed 's/#.*//' "$lab/image/packages.txt" | tr -s ' \n' ',' | sed 's/^,//; s/,$//')
  mmdebstrap --quiet --variant=minbase --format=tar --include="$packages" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    "$image_suite" "$work/root.tar" 2>"$work/log" ||
    die 'Debian packages for the lab could not be installed; the end of the log:' "$(tail -n 5 "$work/log")" \
      'A network connection to a Debian mirror is needed once.'
  for program in call fetch hold; do gcc -O2 -static -s -o "$work/$program" "$lab/image/$program.c"; done
  ssh-keygen -q -t ed25519 -N '' -C lab -f "$work/host_key"
  # shellcheck disable=SC2016  # the inner shell expands
  image_as_root bash -euc '
    lab=$1 work=$2 size=$3 root=$2/root
    mkdir "$root"
    tar -xf "$work/root.tar" -C "$root" --exclude="./dev/*"
    rm "$work/root.tar"
    cp -L "$root"/boot/vmlinuz-* "$work/vmlinuz"
    rm -f "$root"/boot/initrd* "$root"/boot/System.map*
    install -D -m 755 "$lab/image/init" "$root/usr/lib/lab/init"
    install -D -m 755 -t "$root/usr/lib/lab" "$work/call" "$work/fetch" "$work/hold"
    install -D -m 644 "$lab/image/sshd_config" "$root/etc/lab/sshd_config"
    install -D -m 600 "$work/host_key" "$root/etc/lab/host_key"
    rm -f "$root"/etc/ssh/ssh_host_*
    sed -i "s,^\(root:.*\):[^:]*$,\1:/usr/lib/lab/call," "$root/etc/passwd"
    echo "127.0.0.1 localhost lab" >"$root/etc/hosts"
    truncate -s "$size" "$work/root.ext4"
    mkfs.ext4 -q -F -m 0 -O ^has_journal -E lazy_itable_init=1,nodiscard -d "$root" "$work/root.ext4"
    rm -rf "$root"
  ' bash "$lab" "$work" "$image_disk_size"
  echo "lab $(cut -d ' ' -f 1,2 "$work/host_key.pub")" >"$work/known_host"
  rm "$work/host_key" "$work/host_key.pub" "$work/call" "$work/fetch" "$work/hold" "$work/log"
  image_facts "$work" >"$work/facts"
  chmod 700 "$work"
  sync -f "$work"
  rm -rf "$folder"
  mv "$work" "$folder"
  trap - EXIT
}

# Prints the folder of a whole image, building it first where there is none. Call it with the lab's lock held.
image_folder() {
  local folder
  folder=$cache/lab/$(image_key)
  mkdir -p -m 700 "$cache" "$cache/lab"
  exec {image_lock}>"$cache/lab/lock"
  flock "$image_lock"
  if ! image_is_whole "$folder"; then
    [ ! -e "$folder" ] || say "the lab's image is damaged and will be built anew: $folder"
    image_build "$folder"
  fi
  # Each is half a gigabyte, and what it is made from changes: those that nobody started for a week go.
  touch "$folder"
  find "$cache/lab" -mindepth 1 -maxdepth 1 -type d -mtime +7 -exec rm -rf {} + || say 'an old image of the lab could not be removed; it is in the way of nothing'
  flock -u "$image_lock"
  echo "$folder"
}
