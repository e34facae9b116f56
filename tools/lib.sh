# shellcheck shell=bash
# What the scripts beside this file share: words for the person who waits, and the place of the caches.

: "${AEGIS_TEMPORAL_CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/aegis-temporal}"
export AEGIS_TEMPORAL_CACHE
REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export REPOSITORY

say() { printf '==> %s\n' "$*"; }
fail() { printf '\nERROR: %s\n' "$*" >&2; exit 1; }

# with_progress LABEL COMMAND…: runs it with its output in a log, says every five seconds that it is still running and
# what it last said, and shows the end of the log when it fails.
with_progress() {
  local label=$1 log started pid last status
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/aegis-temporal.XXXXXX")
  started=$SECONDS
  say "$label"
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.5
    done
    if kill -0 "$pid" 2>/dev/null; then
      last=$(tail -n 1 "$log" | tr -cd '[:print:]' | cut -c 1-90)
      printf '    %4d s  %s\n' $((SECONDS - started)) "$last"
    fi
  done
  status=0
  wait "$pid" || status=$?
  if [ "$status" -ne 0 ]; then
    tail -n 30 "$log" >&2
    rm -f "$log"
    fail "$label: the command '$1' ended with status $status (its last lines are above)."
  fi
  rm -f "$log"
}

# find_python VERSION: prints the path of an interpreter that runs, of the system or of pyenv.
find_python() {
  local candidate
  for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
    "$candidate" -c 'import sys; print(sys.executable)' 2>/dev/null && return
  done
  return 1
}

# as_root COMMAND…: runs it as root, through sudo when needed.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo --preserve-env=DEBIAN_FRONTEND "$@"; fi
}

# need_packages WHY PACKAGE…: installs the Debian packages that are missing, after saying which and why.
need_packages() {
  local why=$1 package missing=()
  shift
  for package in "$@"; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  command -v apt-get >/dev/null ||
    fail "Missing: ${missing[*]} ($why). This is no Debian system: install them by your system's own means, then run the same command again."
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    fail "Missing: ${missing[*]} ($why). Run the same command as root, or install sudo."
  fi
  say "Installing ${missing[*]}: $why"
  export DEBIAN_FRONTEND=noninteractive
  with_progress "Reading the package lists" as_root apt-get update
  with_progress "apt-get install ${missing[*]}" as_root apt-get install --yes --no-install-recommends "${missing[@]}"
}
