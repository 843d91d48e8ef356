# What pyro needs in the lab: this checkout's out/ (binaries and guest kernel) and the environments that it will use.

out=$checkout/out

pyro_is_built() {
  local name
  for name in pyro pyro-agent vmlinux; do [ -r "$out/$name" ] || die "$out/$name is not there." './build.sh makes it.'; done
}

# Where the host keeps the environment that this build of pyro uses, if it does.
environment_folder() { # NAME
  local disk
  disk=$("$out/pyro" env inspect "$1" --json 2>/dev/null | sed -n 's/^ *"root_disk": "\(.*\)",$/\1/p')
  [ -n "$disk" ] && dirname "$disk"
}

environment_is_offered() { "$out/pyro" env list --json 2>/dev/null | grep -q "\"name\": \"$1\""; }

# The environments that a call names, and the default one for what uses it unnamed.
environments_of() { # ARG...
  case ${1:-} in run | workspace | prepare | bench | demo | mcp | doctor) ;; *) return 0 ;; esac
  local word
  for word; do
    [ "$word" != -- ] || break
    case $word in *:*) [[ $word =~ ^[a-z0-9][a-z0-9._:/-]*$ ]] && echo "$word" ;; esac
  done
  case $1 in prepare | bench | demo | mcp) echo debian:12 ;; esac
}

pyro_give() { # ARG...; sets pyro_folder
  local names name folder missing=()
  pyro_folder=/opt/pyro/$(cd "$out" && stat -L -c '%F %n %s %y' -- * | grep -v ^directory | sha256sum | cut -c 1-12)
  mapfile -t names < <(environments_of "$@" | sort -u)
  for name in "${names[@]}"; do
    environment_folder "$name" >/dev/null && continue
    ! environment_is_offered "$name" || { say "the environment $name is not there yet: building it on the host"; "$out/pyro" env pull "$name" >&2; }
  done
  lab_has "$pyro_folder" || missing+=(out)
  for name in "${names[@]}"; do
    folder=$(environment_folder "$name") || continue
    lab_has "$(gift "$folder" "$(environment_path "$folder")")" || missing+=("$name")
  done
  [ ${#missing[@]} = 0 ] || with_lock give pyro_give_locked
}

environment_path() { echo "/root/.cache/pyro/environments/$(basename "$1")"; }

pyro_give_locked() {
  # Its name is a hash of what is in it.
  if ! lab_has "$pyro_folder"; then
    say "copying out into the lab"
    give_folder "$out" "$pyro_folder"
    echo "$pyro_folder" >>"$state/has"
  fi
  for name in "${names[@]}"; do
    folder=$(environment_folder "$name") && give_once "$folder" "$(environment_path "$folder")"
  done
}
