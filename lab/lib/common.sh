# Paths and messages that every part of the lab uses. Sourced by bash with `set -euo pipefail`.

checkout=$(cd "$lab/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/pyro

say() { printf '[lab] %s\n' "$*" >&2; }

# 125 is what pyro itself exits with when it, and not the guest's command, failed.
die() {
  printf '[lab] error: %s\n' "$1" >&2
  shift
  for line; do printf '[lab]   %s\n' "$line" >&2; done
  exit 125
}

need() {
  command -v "$1" >/dev/null || die "$1 is not installed (Debian package $2)." \
    'scripts/install-dependencies.sh installs everything that Pyro needs.'
}

private_folder() {
  mkdir -p -m 700 "$1" 2>/dev/null || :
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && [ -w "$1" ]
}

# The same choice that pyro makes for its own sockets.
runtime_folder() {
  local base
  for base in "${XDG_RUNTIME_DIR:-}" "/run/user/$(id -u)"; do
    if [ -n "$base" ] && [ -d "$base" ] && [ -w "$base" ] && private_folder "$base/pyro"; then
      echo "$base/pyro"
      return
    fi
  done
  base=/tmp/pyro-$(id -u)
  private_folder "$base" || die "$base is not a private folder of this user." 'Set XDG_RUNTIME_DIR to one that is.'
  chmod 700 "$base"
  echo "$base"
}
