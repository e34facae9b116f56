#!/usr/bin/env bash
# Tries the collection on the oldest ansible-core that meta/runtime.yml allows and on the newest that was tried: unit
# tests, ansible-test's sanity tests, the syntax of every inventory and the documentation of every plugin.
#   test_ansible_cores.sh            both
#   test_ansible_cores.sh 2.21.5     one
# Each has an environment of its own in the project's cache. All else in it is what requirements/dev.txt locks, and the
# collections beside ours are those of the development environment: only ansible-core and Python differ.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$REPOSITORY"

# The Python of each: ansible-core 2.19 runs on 3.11 to 3.13, 2.21 on 3.12 to 3.14 (their Requires-Python, and
# CONTROLLER_PYTHON_VERSIONS of their ansible-test).
declare -A python_of=([2.19.0]=3.11 [2.21.5]=3.13)
grep -q '^requires_ansible: ">=2\.19\.0"$' meta/runtime.yml ||
  fail "meta/runtime.yml allows another ansible-core than 2.19.0 as its oldest: name that one in $0."
[ -e .venv/bin/ansible-playbook ] || tools/bootstrap.sh venv

# interpreter VERSION: prints its path; asks uv for a build of it where the machine has none.
interpreter() {
  find_python "$1" && return
  UV_PYTHON_INSTALL_DIR=$AEGIS_TEMPORAL_CACHE/python .venv/bin/uv python install --quiet "$1" >&2 &&
    UV_PYTHON_INSTALL_DIR=$AEGIS_TEMPORAL_CACHE/python .venv/bin/uv python find --managed-python "$1"
}

# environment CORE PYTHON: makes $environment, when it is not there.
environment() {
  local core=$1 python=$2 key pip environment_lock
  key=$({ "$python" --version; cat requirements/dev.txt requirements/worker.in "$0"; } | sha256sum | cut -c 1-12)
  environment=$AEGIS_TEMPORAL_CACHE/ansible-cores/$core-$key
  mkdir -p "${environment%/*}"
  exec {environment_lock}>"$environment.lock"
  flock "$environment_lock"
  if [ ! -e "$environment/.complete" ]; then
    rm -rf "$environment"
    with_progress "Creating an environment for ansible-core $core ($("$python" --version))" "$python" -m venv "$environment"
    # The lock's hashes are those of one ansible-core; its versions hold for all.
    sed -nE '/^ansible(-core)?==/d; s/^([A-Za-z0-9._-]+==[^ ;]+)( ;[^\\]*)?.*/\1\2/p' requirements/dev.txt \
      >"$environment/constraints.txt"
    pip=("$environment/bin/python" -m pip install --disable-pip-version-check --constraint "$environment/constraints.txt")
    with_progress "Installing ansible-core $core" "${pip[@]}" "ansible-core==$core" --requirement requirements/worker.in \
      docker hypothesis psycopg2-binary pytest pytest-asyncio pytest-testinfra requests
    touch "$environment/.complete"
  fi
  exec {environment_lock}>&-
}

# without_deprecations COMMAND…: fails as the command does, or when it warns of something deprecated.
without_deprecations() {
  local said status=0
  said=$("$@" 2>&1) || status=$?
  printf '%s\n' "$said"
  ! grep -i 'deprecat' <<<"$said" >/dev/null || { say "That speaks of something deprecated."; status=1; }
  return "$status"
}

# The documentation of a module may use the word; warnings go to the standard error stream.
document_plugins() {
  local kind names said
  for kind in module filter; do
    names=$(ansible-doc --list --json --type "$kind" aegis.temporal 2>/dev/null | python -c 'import json, sys; print(*json.load(sys.stdin))')
    [ -n "$names" ] || { say "ansible-doc lists no $kind."; return 1; }
    # shellcheck disable=SC2086  # a list of names
    said=$(ansible-doc --type "$kind" $names 2>&1 >/dev/null) || { printf '%s\n' "$said"; return 1; }
    [ -z "$said" ] || { printf 'ansible-doc warns:\n%s\n' "$said"; return 1; }
  done
}

# check CORE: everything for one core, the quick things first.
check() {
  local core=$1 python environment inventory failed=()
  python=$(interpreter "${python_of[$core]}") ||
    fail "ansible-core $core is tried with Python ${python_of[$core]}, which is not on this machine, and uv could not fetch a build of it: install it (for example with pyenv) and run the same command again."
  environment "$core" "$python"
  PATH=$environment/bin:$PATH
  # This checkout, and of the development environment only the collections.
  ANSIBLE_COLLECTIONS_PATH=$REPOSITORY/.collections:$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  export PATH ANSIBLE_COLLECTIONS_PATH
  ansible --version | grep -F "[core $core]" || fail "$environment has another ansible-core than $core."

  for inventory in quickstart single production; do
    without_deprecations ansible-playbook -i "inventories/$inventory" site.yml --syntax-check || failed+=("syntax of $inventory")
  done
  document_plugins || failed+=("documentation")
  pytest tests/unit -p no:cacheprovider || failed+=("unit tests")
  env --unset ANSIBLE_COLLECTIONS_PATH ANSIBLE_ENVIRONMENT="$environment" tools/ansible_test_sanity.sh || failed+=("sanity")
  if [ "${#failed[@]}" -gt 0 ]; then
    local IFS=,
    fail "ansible-core $core with Python ${python_of[$core]}: failed: ${failed[*]} (see above)."
  fi
  say "ansible-core $core with Python ${python_of[$core]}: all passed."
}

[ $# -gt 0 ] || set -- 2.19.0 2.21.5
status=0
for core in "$@"; do
  [ -n "${python_of[$core]:-}" ] || fail "unknown ansible-core '$core': this tries ${!python_of[*]}."
  # In a process of its own: one core that fails does not hide the next.
  (check "$core") || status=1
done
exit "$status"
