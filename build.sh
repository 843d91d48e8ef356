#!/bin/bash
# Publishes Pyro to out/: out/pyro, out/pyro-agent, out/vmlinux (a link to the cached guest kernel), out/symbols/.
# Does only what is needed: a second call with nothing changed takes a second.
set -euo pipefail
export LC_ALL=C DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
cd "$(dirname "${BASH_SOURCE[0]}")"

say() { echo "build: $*" >&2; }
fail() { echo "build: $1" >&2; [ $# -lt 2 ] || echo "       $2" >&2; exit 1; }

command -v dotnet > /dev/null || fail "there is no dotnet" "Install the .NET 10 SDK: scripts/install-dependencies.sh says how."
command -v clang > /dev/null && command -v ld.lld > /dev/null || fail "clang or lld is missing" "Run: scripts/install-dependencies.sh"

mkdir -p out/symbols
exec 9> out/.lock
flock 9

# Everything that goes into the executables, by content: times lie after a checkout.
inputs() {
    find src docs/schemas Directory.Build.props Directory.Packages.props global.json build.sh -type f \
        -not -path '*/bin/*' -not -path '*/obj/*' -print0 | sort -z | xargs -0 sha256sum
    dotnet --version
}
key=$(inputs | sha256sum | cut -d ' ' -f 1)

# publish PROJECT EXECUTABLE SYMBOLS
publish() {
    say "publishing $2 (a minute or two)"
    local folder
    folder=$(mktemp -d out/.publish.XXXXXX)
    if ! dotnet publish "src/$1" -c Release -r linux-x64 -o "$folder" -v quiet -warnaserror > "$folder/log" 2>&1; then
        cat "$folder/log" >&2
        rm -rf "$folder"
        fail "$1 does not publish"
    fi
    # Renamed into place: the old one may be running.
    mv -f "$folder/$3" "out/symbols/$3"
    mv -f "$folder/$2" "out/$2"
    rm -rf "$folder"
}

if [ ! -x out/pyro ] || [ ! -x out/pyro-agent ] || [ "$(cat out/.key 2> /dev/null)" != "$key" ]; then
    rm -rf out/.key out/.publish.*
    publish Pyro.Agent pyro-agent pyro-agent.dbg
    publish Pyro.Cli pyro Pyro.Cli.dbg
    echo "$key" > out/.key
fi

kernel=$(kernel-configs/build.sh)
ln -sfn "$kernel/vmlinux" out/.vmlinux
mv -fT out/.vmlinux out/vmlinux
say "out/pyro $(out/pyro --version | cut -d ' ' -f 2), $(du -h --apparent-size out/pyro | cut -f 1)B"
