#!/usr/bin/env bash
# Runs ansible-test's sanity tests over a copy of the collection.
#   ansible_test_sanity.sh             all tests
#   ansible_test_sanity.sh --test pylint plugins/modules/namespace.py
# Arguments go to `ansible-test sanity`. Its virtual environments are kept in the project's cache.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$REPOSITORY"
venv=$REPOSITORY/.venv/bin
[ -x "$venv/ansible-test" ] || fail "There is no $venv/ansible-test. Make the environment with tools/bootstrap.sh venv."

# ansible-test keeps its environments below HOME. The shim below is nothing for the user's own.
XDG_CONFIG_HOME=${XDG_CONFIG_HOME:-$HOME/.config} # where pip finds the user's settings
HOME=$AEGIS_TEMPORAL_CACHE/ansible-test
PATH=$venv:$PATH
export XDG_CONFIG_HOME HOME PATH

# ansible-test empties new environments of pip and brings it back with a script from its vendor's server. The script that
# it finds in its cache instead does the same with the pip that Python itself carries, and the package index.
pip_version=$("$venv/python" -c '
from ansible_test._internal.python_requirements import get_venv_packages
from ansible_test._internal.host_configs import NativePythonConfig
print(get_venv_packages(NativePythonConfig(version="3.11", path=""))["pip"])')
mkdir -p "$HOME/.ansible/test/cache"
cp tools/get_pip_from_ensurepip.py "$HOME/.ansible/test/cache/get_pip_${pip_version//./_}.py"

# A real directory of that name: ansible-test refuses a symbolic link.
copy=$(mktemp -d "${TMPDIR:-/tmp}/aegis-temporal-sanity.XXXXXX")
trap 'rm -rf "$copy"' EXIT
collection=$copy/ansible_collections/aegis/temporal
mkdir -p "$collection"
git ls-files --cached --others --exclude-standard -z |
  while IFS= read -r -d '' path; do if [ -e "$path" ]; then printf '%s\0' "$path"; fi; done |
  tar --create --null --files-from=- | tar --extract --directory="$collection"
cd "$collection"
# ansible-test takes the list of files from git, so the copy is a repository of its own.
git init --quiet && git add --all

ansible-test sanity --color no --truncate 0 --python "$("$venv/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" "$@"
[ $# -eq 0 ] || exit 0

# Modules also run on hosts with another Python: what this machine has of the supported ones is tried for syntax and import.
tried=() missing=()
for version in 3.8 3.9 3.10 3.11 3.12 3.13; do
  if "python$version" -c '' 2>/dev/null; then
    ansible-test sanity --color no --truncate 0 --python "$version" --test compile --test import
    tried+=("$version")
  else
    missing+=("$version")
  fi
done
say "Sanity passed. Syntax and import tried with Python ${tried[*]}${missing:+; not on this machine: ${missing[*]}}."
