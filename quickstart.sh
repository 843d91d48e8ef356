#!/usr/bin/env bash
# From a fresh clone to a git version printed by a real Linux guest: installs what is missing, builds, runs.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

scripts/install-dependencies.sh
./build.sh

# Hardware-backed KVM runs the guest right here; anything else gets the emulated machine of lab/.
if out/pyro doctor --json 2>/dev/null | tr -d ' \n' | grep -q '"host_kind":"hardware"'; then
  echo "[quickstart] this machine has hardware virtualization: using /dev/kvm directly" >&2
  pyro=out/pyro
else
  echo "[quickstart] this machine has no hardware virtualization that Pyro can use: using the emulated machine in lab/ (10 to 30 times slower)" >&2
  pyro=lab/pyro
fi

echo "\$ pyro run debian:12 -- git --version" >&2
exec "$pyro" run debian:12 --timeout-seconds 120 -- git --version
