# What pyro needs in the lab: its binaries from this checkout, the host's guest kernel, and the environments it will use.

out=$checkout/out
lab_cache=/root/.cache/pyro

pyro_is_built() { [ -x "$out/pyro" ] || die "$out/pyro is not there." './build.sh builds it.'; }

environment_folder() { # NAME: where the host keeps it, if it does
  local record
  for record in "$cache"/environments/*/environment.json; do
    [ -e "$record" ] || continue
    if [ "$(sed -n 's/^  "name": "\(.*\)",\{0,1\}$/\1/p' "$record" | head -n 1)" = "$1" ]; then dirname "$record"; return; fi
  done
  return 1
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
  local kernel names name folder missing=()
  pyro_folder=/opt/pyro/$(cd "$out" && stat -L -c '%F %n %s %y' -- * | grep -v ^directory | sha256sum | cut -c 1-12)
  kernel=$(readlink -f "$cache/kernels/current") || kernel=
  mapfile -t names < <(environments_of "$@" | sort -u)
  for name in "${names[@]}"; do
    environment_folder "$name" >/dev/null && continue
    ! environment_is_offered "$name" || { say "the environment $name is not there yet: building it on the host"; "$out/pyro" env pull "$name" >&2; }
  done
  lab_has "$pyro_folder" || missing+=(out)
  [ ! -d "$kernel" ] || lab_has "$(gift "$kernel" "$lab_cache/kernels/$(basename "$kernel")")" || missing+=(kernel)
  for name in "${names[@]}"; do
    folder=$(environment_folder "$name") || continue
    lab_has "$(gift "$folder" "$(environment_path "$folder")")" || missing+=("$name")
  done
  [ ${#missing[@]} = 0 ] || with_lock give pyro_give_locked
}

environment_path() { echo "$lab_cache/environments/$(basename "$1")"; }

pyro_give_locked() {
  # Its name is a hash of what is in it.
  if ! lab_has "$pyro_folder"; then
    say "copying out into the lab"
    give_folder "$out" "$pyro_folder"
    echo "$pyro_folder" >>"$state/has"
  fi
  if [ -d "$kernel" ]; then
    give_once "$kernel" "$lab_cache/kernels/$(basename "$kernel")"
    lab_do ln -sfn "$(basename "$kernel")" "$lab_cache/kernels/current" </dev/null
  fi
  for name in "${names[@]}"; do
    folder=$(environment_folder "$name") && give_once "$folder" "$(environment_path "$folder")"
  done
}
