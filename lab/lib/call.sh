# One call of a program in the lab, with arguments, stdin, stdout, stderr, signals and exit code as if it ran here.

quoted() { # Puts its arguments, quoted for the lab's shell (image/call.c), into the variable `line`.
  local word
  line=
  for word; do line+="'${word//\'/\'\\\'\'}' "; done
}

call_environment() { # What a program may want to know of the caller.
  environment=(${call_path:+"PATH=$call_path"})
  local name
  for name in TERM COLORTERM NO_COLOR LANG LC_ALL TZ "${!PYRO_@}"; do
    case $name in PYRO_LAB_*) continue ;; esac
    [ -z "${!name+set}" ] || environment+=("$name=${!name}")
  done
}

call_signal() { # NUMBER
  local line
  quoted signal "$call" "$1"
  # It may come before the program has begun.
  for _ in {1..50}; do
    ! setsid ssh "${ssh_options[@]}" 127.0.0.1 "$line" </dev/null >/dev/null 2>&1 || return 0
    kill -0 "$ssh_pid" 2>/dev/null || return 0
    sleep 0.1
  done
}

# A kill -9 of this process kills the program as well: somebody in another session sees its end of a pipe close.
call_guard() {
  quoted signal "$call" 9
  # shellcheck disable=SC2016  # the inner shell expands
  exec {guard}> >(exec setsid bash -c 'read -r _ || exec "$@"' guard ssh "${ssh_options[@]}" 127.0.0.1 "$line" </dev/stdin >/dev/null 2>&1)
}

call_once() { # ARG...; sets `code`; fails if the lab closed before the program began
  local pty=0 options=(-T) ssh_pid number end
  call=$$-$RANDOM$RANDOM
  [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && { pty=1; options=(-tt); }
  quoted run "$call" "$pty" "${lab_cwd:-/root}" "${#environment[@]}" "${environment[@]}" "$@"
  if [ "$pty" = 1 ]; then
    trap '' INT QUIT   # the terminal is in raw mode: its keys go to the program
    code=0
    ssh "${ssh_options[@]}" "${options[@]}" 127.0.0.1 "$line" || code=$?
  else
    # A session of its own, so that the terminal's Ctrl-C reaches the program once and does not end ssh.
    setsid ssh "${ssh_options[@]}" "${options[@]}" 127.0.0.1 "$line" <&0 &
    ssh_pid=$!
    call_guard
    for number in 1 2 3 10 12 15; do
      # shellcheck disable=SC2064  # the number of now
      trap "call_signal $number" "$number"
    done
    while :; do
      code=0
      wait "$ssh_pid" || code=$?
      kill -0 "$ssh_pid" 2>/dev/null || break   # or a signal ended the wait
    done
    trap - 1 2 3 10 12 15
    echo done >&"$guard"
    exec {guard}>&-
  fi
  [ "$code" = 255 ] || return 0
  quoted end "$call"
  end=$(ssh "${ssh_options[@]}" 127.0.0.1 "$line" 2>/dev/null </dev/null) || end=lost
  case $end in
    255) return 0 ;;
    closing) return 1 ;;
    *)
      machine_is_up && die 'the connection into the lab was lost.' "lab/status tells more; the lab's console: $state/console.log"
      die 'the lab stopped during the call; the end of its console:' "$(machine_console)" ;;
  esac
}

call() { # ARG...; exits with the program's code
  call_environment
  until call_once "$@"; do
    # It went to sleep just now.
    while machine_pid >/dev/null; do sleep 0.2; done
    machine_ensure
  done
  exit "$code"
}
