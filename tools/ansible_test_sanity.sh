#!/usr/bin/env bash
# Runs ansible-test's sanity tests over what users get: the content of the built collection.
#   ansible_test_sanity.sh                                               all tests
#   ansible_test_sanity.sh --test pylint plugins/modules/namespace.py    some: arguments go to `ansible-test sanity`
# ANSIBLE_ENVIRONMENT is the virtual environment whose ansible-test runs; without it, the one for development.
# The virtual environments of ansible-test are kept in the project's cache.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$REPOSITORY"
venv=${ANSIBLE_ENVIRONMENT:-$REPOSITORY/.venv}/bin
[ -x "$venv/ansible-test" ] || fail "There is no $venv/ansible-test. Make the environment with tools/bootstrap.sh venv."
# Without it ansible-test leaves its test out, and passes.
command -v shellcheck >/dev/null || need_packages "one of ansible-test's sanity tests" shellcheck

controller=$("$venv/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
# Modules run on hosts with other Pythons too: those that are on this machine are tried for syntax and import.
targets=(--target-python "$controller@$venv/python") tried=("$controller") missing=()
for version in $("$venv/python" -c '
from ansible_test._internal.constants import SUPPORTED_PYTHON_VERSIONS
print(*SUPPORTED_PYTHON_VERSIONS)'); do
  if [ "$version" = "$controller" ]; then
    continue
  elif path=$(find_python "$version"); then
    targets+=(--target-python "$version@$path") tried+=("$version")
    PATH=${path%/*}:$PATH # ansible-test looks there again
  else
    missing+=("$version")
  fi
done

# ansible-test keeps its environments below HOME, beside a bootstrap script that is nothing for the user's own.
XDG_CONFIG_HOME=${XDG_CONFIG_HOME:-$HOME/.config} # where pip finds the user's settings
HOME=$AEGIS_TEMPORAL_CACHE/ansible-test
PATH=$venv:$PATH
export XDG_CONFIG_HOME HOME PATH

# ansible-test makes environments without pip and installs pip with a script that it downloads from its vendor, or finds
# in its cache. Ours does the same with the pip that Python itself carries and the package index.
pip_version=$("$venv/python" -c '
from ansible_test._internal.host_configs import NativePythonConfig
from ansible_test._internal.python_requirements import get_venv_packages
print(get_venv_packages(NativePythonConfig(version="'"$controller"'", path=""))["pip"])')
mkdir -p "$HOME/.ansible/test/cache"
cp tools/get_pip_from_ensurepip.py "$HOME/.ansible/test/cache/get_pip_${pip_version//./_}.py"

# ansible-test wants a real directory of this name and refuses a symbolic link.
copy=$(mktemp -d "${TMPDIR:-/tmp}/aegis-temporal-sanity.XXXXXX")
trap 'rm -rf "$copy"' EXIT
collection=$copy/ansible_collections/aegis/temporal
mkdir -p "$collection"
ansible-galaxy collection build --output-path "$copy" >/dev/null
tar --extract --gzip --file "$copy"/aegis-temporal-*.tar.gz --directory "$collection"
cd "$collection"

ansible-test sanity --color no --truncate 0 --controller "origin:python=$controller" "${targets[@]}" "$@"
say "Sanity passed. Syntax and import tried for the Pythons ${tried[*]}; not on this machine: ${missing[*]:-none}."
