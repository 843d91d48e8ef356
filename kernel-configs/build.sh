#!/bin/bash
# Builds the guest kernel and prints the folder it is in: vmlinux, config, kernel.json.
#
# The folder is named by a hash over all that goes in (fragment, patches, this script, Debian's
# source package, compiler, linker), so a second call finds the first one's work. It appears whole
# or not at all, and is built anew when a file in it is missing or damaged.
#
# usage: build.sh [--key]      --key only prints the name the folder would have
# PYRO_KERNEL_EXTRA=FILE       a second fragment, after the first (kernel-configs/cost.sh uses it)
set -euo pipefail
export LC_ALL=C TZ=UTC
umask 077

package=linux-source-6.12
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fragments=("$here/pyro.config")
[ -z "${PYRO_KERNEL_EXTRA:-}" ] || fragments+=("$(realpath "$PYRO_KERNEL_EXTRA")")
root=${XDG_CACHE_HOME:-$HOME/.cache}/pyro/kernels

say() { echo "kernel: $*" >&2; }
fail() { echo "kernel: $1" >&2; [ $# -lt 2 ] || echo "  hint: $2" >&2; exit 1; }

options() { grep -hE '^(# )?CONFIG_' "${fragments[@]}"; }

missing=()
for tool in gcc ld make flex bison bc xz tar patch strip sha256sum flock apt-get apt-cache dpkg-deb; do
    command -v "$tool" >/dev/null || missing+=("$tool")
done
for header in gelf.h openssl/opensslv.h; do
    echo "#include <$header>" | gcc -E - >/dev/null 2>&1 || missing+=("$header")
done
[ ${#missing[@]} -eq 0 ] || fail "missing: ${missing[*]}" \
    "apt-get install gcc make flex bison bc libelf-dev libssl-dev xz-utils patch"

version=$(apt-cache policy "$package" | sed -n 's/^ *Candidate: //p')
[ -n "$version" ] && [ "$version" != "(none)" ] || fail "apt knows no package $package" \
    "run 'apt-get update'; the package is in Debian 12's security archive"

key=$({
    echo "$package $version"
    gcc --version | head -n 1
    ld --version | head -n 1
    # A better comment is no other kernel.
    options
    for file in "$here"/patches/*.patch "$here/build.sh"; do sha256sum < "$file"; done
} | sha256sum | cut -c 1-16)
if [ "${1:-}" = --key ]; then echo "$key"; exit; fi
[ $# -eq 0 ] || fail "unknown argument: $1"
folder=$root/$key

field() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\).*/\1/p" "$folder/kernel.json"; }

# The sha256 of 15 MB takes some 40 ms: cheap enough to do each time.
whole() {
    [ -f "$folder/kernel.json" ] && [ -f "$folder/vmlinux" ] && [ -f "$folder/config" ] &&
        [ "$(sha256sum < "$folder/vmlinux" | cut -d ' ' -f 1)" = "$(field vmlinux_sha256)" ] &&
        [ "$(sha256sum < "$folder/config" | cut -d ' ' -f 1)" = "$(field config_sha256)" ]
}

mkdir -p "$root"
if whole; then echo "$folder"; exit; fi

exec 9>"$root/$key.lock"
flock -n 9 || { say "another build of $key is under way, waiting for it"; flock 9; }
if whole; then echo "$folder"; exit; fi
[ ! -e "$folder" ] || say "$folder is damaged or incomplete: building it anew"

# Under the lock, anything with this name is what an interrupted build left.
rm -rf "$root/.build-$key".*
work=$(mktemp -d "$root/.build-$key.XXXXXX")
trap 'rm -rf "$work"' EXIT
free_mb=$(df -Pm "$work" | awk 'NR == 2 { print $4 }')
[ "$free_mb" -ge 2500 ] || fail "$root has $free_mb MB free, the build needs 2500" \
    "free some space or set XDG_CACHE_HOME to a larger disk"

say "fetching $package $version"
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$package=$version" >&2) ||
    fail "could not download $package=$version" "run 'apt-get update' and check the network"
dpkg-deb -x "$work"/*.deb "$work/package"
archive=$work/package/usr/src/$package.tar.xz
# The build's date is the source's, so that the same source gives the same bytes.
stamp=$(date -d "@$(stat -c %Y "$archive")" -R)

say "unpacking"
mkdir "$work/source"
tar -xJf "$archive" -C "$work/source" --strip-components=1
rm -rf "$work/package" "$work"/*.deb
cd "$work/source"
for file in "$here"/patches/*.patch; do
    patch -s -p1 < "$file" >&2 || fail "$(basename "$file") does not apply to $package $version"
done

export KBUILD_BUILD_TIMESTAMP=$stamp KBUILD_BUILD_USER=pyro KBUILD_BUILD_HOST=pyro KBUILD_BUILD_VERSION=1
export KCFLAGS="-ffile-prefix-map=$work/source=."
unset MAKEFLAGS MAKELEVEL ARCH CROSS_COMPILE O KBUILD_OUTPUT

options > "$work/fragment"
make -s KCONFIG_ALLCONFIG="$work/fragment" allnoconfig > "$work/config.log" 2>&1 ||
    { cat "$work/config.log" >&2; fail "make allnoconfig failed"; }

# Kconfig drops what it cannot satisfy without a word, and a typing error is dropped too. The last
# line on an option counts, so that an extra fragment can take something back.
bad=0
while read -r line; do
    name=$(grep -o 'CONFIG_[A-Z0-9_]*' <<< "$line" | head -n 1)
    case $line in
        *' is not set') ! grep -q "^$name=" .config || { say "$name is on: $(grep "^$name=" .config)"; bad=1; } ;;
        *) grep -qxF -- "$line" .config ||
            { say "asked for $line, got: $(grep -w -- "$name" .config || echo "no such option here")"; bad=1; } ;;
    esac
done < <(tac "$work/fragment" | awk '{ match($0, /CONFIG_[A-Z0-9_]*/); n = substr($0, RSTART, RLENGTH) } !seen[n]++')
[ $bad -eq 0 ] || fail "options did not take effect" "a dependency is off, or the option left this kernel"

say "compiling (minutes, $(nproc) processors)"
make -s -j"$(nproc)" vmlinux > "$work/build.log" 2>&1 9>&- ||
    { tail -n 30 "$work/build.log" >&2; fail "the kernel did not compile"; }

mkdir "$work/out"
strip -s -o "$work/out/vmlinux" vmlinux
cp .config "$work/out/config"
cat > "$work/out/kernel.json" <<JSON
{
  "format": 1,
  "key": "$key",
  "version": "$(make -s kernelrelease)",
  "source": "$package $version",
  "compiler": "$(gcc --version | head -n 1)",
  "vmlinux_sha256": "$(sha256sum < "$work/out/vmlinux" | cut -d ' ' -f 1)",
  "vmlinux_size": $(stat -c %s "$work/out/vmlinux"),
  "config_sha256": "$(sha256sum < "$work/out/config" | cut -d ' ' -f 1)"
}
JSON
sync "$work/out"/*
if [ -e "$folder" ]; then mv "$folder" "$work/damaged"; fi
mv "$work/out" "$folder"
sync "$root"
say "built $(field version) in ${SECONDS}s"
echo "$folder"
