#!/usr/bin/env bash
# Builds the collection's tarball, installs it where only its dependencies are present, and uses it from there.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$REPOSITORY"
scratch=$(mktemp --directory)
trap 'rm -rf "$scratch"' EXIT
site_packages=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

# A checkout holds more than a release: build from what git tracks.
git ls-files -z | xargs -0 tar --create --file - | tar --extract --file - --directory "$(mkdir -p "$scratch/tree" && echo "$scratch/tree")"
cd "$scratch/tree"
"$REPOSITORY/.venv/bin/ansible-galaxy" collection build --output-path "$scratch" >/dev/null
tarball=$(echo "$scratch"/aegis-temporal-*.tar.gz)
say "Built $(basename "$tarball") ($(stat --format=%s "$tarball") bytes)"

listing=$(tar --list --file "$tarball")
unwanted=$(grep -E '(^|/)(tests|molecule|tools|requirements|\.ci|\.collections|\.config|__pycache__|\.venv)(/|$)|\.pyc$|^ansible\.cfg$|^Makefile$' <<<"$listing" || true)
[ -z "$unwanted" ] || fail "the tarball holds what no user needs: $unwanted"
for wanted in roles/temporal_worker/files/aegis_temporal_worker/pyproject.toml playbooks/site.yml \
  inventories/production inventories/single roles/runtime/vars/versions.yml extensions/pytest/aegis_temporal_verify/plugin.py LICENSE README.md; do
  grep -q "^$wanted" <<<"$listing" || fail "the tarball lacks $wanted"
done

cd "$scratch"
mkdir collections
cat >ansible.cfg <<CONFIGURATION
[defaults]
collections_path = $scratch/collections:$site_packages
CONFIGURATION
export ANSIBLE_CONFIG=$scratch/ansible.cfg
galaxy() { "$REPOSITORY/.venv/bin/ansible-galaxy" "$@"; }
galaxy collection install "$tarball" --offline --collections-path "$scratch/collections"
"$REPOSITORY/.venv/bin/ansible-doc" --type module aegis.temporal.namespace >/dev/null
cp -r "$REPOSITORY/inventories/single" "$scratch/inventory"
"$REPOSITORY/.venv/bin/ansible-playbook" aegis.temporal.site -i "$scratch/inventory" --syntax-check
"$REPOSITORY/.venv/bin/ansible-playbook" aegis.temporal.site -i "$scratch/inventory" --list-tasks >/dev/null
say "Installed and found by its name: aegis.temporal.site"

# The pytest plugin, from where a user has it: its tests are found, and without an inventory none of them passes.
installed=$scratch/collections/ansible_collections/aegis/temporal/extensions/pytest
with_plugin() {
  # Only what a user has is loaded, not this repository's other plugins.
  PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 PYTHONPATH=$installed "$REPOSITORY/.venv/bin/pytest" -p aegis_temporal_verify.plugin --pyargs aegis_temporal_verify \
    --rootdir "$scratch" -p no:cacheprovider "$@"
}
found=$(with_plugin --collect-only --quiet)
grep -q 'test_verify\[pollers\]' <<<"$found" || fail "the installed pytest plugin finds no tests"
refusal=$(with_plugin -k pollers || true)
grep -q 'Name the inventory of the deployment' <<<"$refusal" || fail "the installed pytest plugin said: $refusal"
say "Installed and found by pytest: aegis_temporal_verify"
