#!/usr/bin/env bash
# Builds Pyro and runs every test, unit to end to end. The last line is the sum over all suites.
# Arguments narrow it to test projects by name: ./test.sh Pyro.Kvm.Tests
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

# A script that starts this in the background has it ignore Ctrl-C, nohup a hang-up, and so would every program that
# the tests send those signals.
hangup_interrupt_quit=7
if (( 0x$(awk '/^SigIgn:/ { print $2 }' /proc/self/status) & hangup_interrupt_quit )); then
  exec env --default-signal=HUP,INT,QUIT ./test.sh "$@"
fi

scripts/install-dependencies.sh
./build.sh

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

suites=("$@")
if [ ${#suites[@]} = 0 ]; then
  for project in tests/*/*.csproj; do suites+=("$(basename "$project" .csproj)"); done
fi

echo "[test] building ${#suites[@]} suites" >&2
dotnet build Pyro.sln -c Release -v quiet >&2

broken=()
for suite in "${suites[@]}"; do
  echo "[test] $suite" >&2
  code=0
  dotnet test "tests/$suite/$suite.csproj" -c Release --no-build -v quiet \
    --logger "trx;LogFileName=$results/$suite.trx" --logger "console;verbosity=normal" || code=$?
  # A suite that crashes reports the tests before the crash, none of them failed.
  { [ "$code" = 0 ] && [ -s "$results/$suite.trx" ]; } || grep -qs '<Counters [^>]* failed="[1-9]' "$results/$suite.trx" || broken+=("$suite")
done

# Adds up one attribute of the <Counters> element of every result file.
sum() {
  cat "$results"/*.trx 2>/dev/null | grep -o '<Counters [^>]*>' | grep -o " $1=\"[0-9]*\"" | tr -dc '0-9\n' | awk '{ s += $1 } END { print s + 0 }'
}
total=$(sum total) passed=$(sum passed) executed=$(sum executed)
skipped=$((total - executed))
failed=$((executed - passed + ${#broken[@]}))

for suite in "${broken[@]}"; do
  echo "[test] $suite did not come to its end: counted as one failure" >&2
done
if [ "$skipped" -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
