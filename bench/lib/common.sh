# What the scripts of this folder share; they start it in the checkout's root.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

# Publishes out/pyro-bench if its sources are newer.
publish_bench() {
  [ ! -x out/pyro-bench ] || [ -n "$(find bench/Pyro.Bench src Directory.*.props -newer out/pyro-bench \( -name '*.cs' -o -name '*.csproj' -o -name '*.props' -o -name '*.txt' \) -not -path '*/obj/*' -print -quit)" ] || return 0
  echo '[bench] publishing out/pyro-bench' >&2
  mkdir -p out/symbols
  local folder
  folder=$(mktemp -d out/.bench.XXXXXX)
  if ! dotnet publish bench/Pyro.Bench -c Release -r linux-x64 -o "$folder" -v quiet -warnaserror >"$folder/log" 2>&1; then
    cat "$folder/log" >&2
    rm -rf "$folder"
    exit 1
  fi
  mv -f "$folder/pyro-bench.dbg" out/symbols/
  mv -f "$folder/pyro-bench" out/pyro-bench
  touch out/pyro-bench
  rm -rf "$folder"
}

# Whether guests run on this host; where they do not, they run in the lab.
guests_run_here() { out/pyro doctor --json 2>/dev/null | tr -d ' \n' | grep -q '"host_kind":"hardware"'; }
