#!/usr/bin/env bash
# Installs what building and testing Pyro needs on Debian 12: Debian packages and, if it is missing, the .NET SDK.
# Does nothing, quickly, where all of it is there.
set -euo pipefail
cd "$(dirname "$0")/.."

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

missing=()
while read -r package _; do
  case $package in ''|'#'*) continue ;; esac
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done < scripts/packages.txt

if [ ${#missing[@]} -gt 0 ]; then
  echo "[dependencies] installing: ${missing[*]}" >&2
  as_root apt-get update -q >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
fi

if ! dotnet --version >/dev/null 2>&1; then
  cat >&2 <<'HINT'
[dependencies] The .NET 10 SDK is missing (`dotnet --version` fails here).
  Install it as Microsoft describes for Debian 12 (package dotnet-sdk-10.0), then run this again.
HINT
  exit 1
fi
