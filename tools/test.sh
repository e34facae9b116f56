#!/usr/bin/env bash
# Runs the parts of the test suite in two lanes, shows each runner's own output, and ends with a table of how long each
# part took beside its budget. One part that fails does not hide the next: the end of what it said is shown
# once more before the table, and the exit status tells.
#   test.sh all          what CI runs
#   test.sh everything   and what is too long for it
#   test.sh PART…        single parts: lint unit worker soak integration build sanity default container_short cluster
#                        changes faults fault scale fleet haproxy blue_green pinned ansible_cores images container
#                        quickstart long_soak
set -uo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$REPOSITORY" || exit 1
export PATH=$REPOSITORY/.venv/bin:$PATH
worker=roles/temporal_worker/files/aegis_temporal_worker
# Most of their time goes into starting modules, one after the other: two files at a time, each with its own server.
integration=(--numprocesses 2 --dist loadfile)

# Budgets in seconds, on two cores with nothing in the caches and a neighbour in the other lane.
declare -A budget=(
  [bootstrap]=1200 [lint]=240 [unit]=120 [worker]=900 [integration]=900 [build]=120 [sanity]=500
  [default]=1200 [cluster]=2400 [changes]=1800 [faults]=2700 [fault]=1800 [scale]=4500 [fleet]=1800 [haproxy]=1500
  [blue_green]=2400 [pinned]=1500 [ansible_cores]=1200 [container]=2400 [container_short]=1200 [images]=1500
  [quickstart]=900 [soak]=300 [long_soak]=1200
)

part_bootstrap() {
  case " ${parts[*]} " in *" pinned "*) pinned=artifacts-pinned ;; *) pinned= ;; esac
  # shellcheck disable=SC2086  # $pinned is one word or none
  SUITES="bookworm trixie" tools/bootstrap.sh venv docker postgres artifacts $pinned wheelhouse images
}

part_lint() {
  local status=0
  for script in tools/*.sh .ci/run; do bash -n "$script" || status=1; done
  ruff check . && ruff format --check . || status=1
  mypy .collections/ansible_collections/aegis/temporal/plugins/{module_utils,plugin_utils,filter} || status=1
  mypy extensions/pytest/aegis_temporal_verify || status=1
  (cd "$worker" && mypy src) || status=1
  yamllint --strict . || status=1
  ansible-lint || status=1
  antsibull-changelog lint || status=1
  for inventory in quickstart single production; do
    ansible-playbook -i "inventories/$inventory" site.yml --syntax-check || status=1
  done
  return $status
}

part_unit() { pytest tests/unit; }
part_worker() { pytest "$worker/tests" --ignore="$worker/tests/soak/test_nothing_is_lost.py"; }
# The short form, with a minute without orchestrator; the long one has ten.
part_soak() { pytest "$worker/tests/soak"; }
part_long_soak() { pytest "$worker/tests/soak" --outage-seconds=600; }
part_integration() { pytest tests/integration "${integration[@]}"; }
part_build() { tools/test_build.sh; }
part_sanity() { tools/ansible_test_sanity.sh; }
part_default() { molecule test --scenario-name default; }
part_cluster() { molecule test --scenario-name cluster; }
part_pinned() { molecule test --scenario-name pinned && pytest tests/integration "${integration[@]}" --temporal-version=1.24.2; }
part_ansible_cores() { tools/test_ansible_cores.sh; }
part_changes() { molecule test --scenario-name changes; }
part_faults() { molecule test --scenario-name faults; }
part_fault() { molecule test --scenario-name fault; }
part_scale() { molecule test --scenario-name scale; }
part_fleet() { molecule test --scenario-name fleet; }
part_haproxy() { molecule test --scenario-name haproxy; }
part_blue_green() { molecule test --scenario-name blue_green; }
part_container() { tools/bootstrap.sh container-images && molecule test --scenario-name container; }
part_container_short() { PYTEST_ADDOPTS='-m "not long"' part_container; }
part_images() { pytest tests/images; }
part_quickstart() { pytest tests/quickstart; }

# What `beside` names runs next to `parts`, in its order: scenarios wait most of the time, for one host after the other.
beside=()
case ${1:-} in
  all)
    parts=(bootstrap lint unit worker soak integration build sanity default)
    beside=(container_short cluster)
    ;;
  everything)
    # The scenarios that measure a load are the last ones, when the other lane has ended.
    parts=(
      bootstrap lint unit worker soak integration build sanity default changes pinned ansible_cores images quickstart
      long_soak faults haproxy blue_green fleet fault scale
    )
    beside=(container cluster)
    ;;
  '') fail "usage: test.sh all|everything|PART…" ;;
  *) parts=("$@") ;;
esac
if [ ! -x .venv/bin/ansible-playbook ] && [ "${parts[0]}" != bootstrap ]; then
  tools/bootstrap.sh venv
fi

output=$(mktemp --directory "${TMPDIR:-/tmp}/aegis-temporal-test.XXXXXX")
lane=
trap '[ -z "$lane" ] || kill -- "-$lane" 2>/dev/null; rm -rf "$output"' EXIT

# Runs a part; what it said is in $output/PART, its verdict and its time in $output/PART.verdict and .report.
run() {
  local part=$1 started=$SECONDS verdict=passed
  declare -F "part_$part" >/dev/null || fail "unknown part '$part'"
  printf '\n──── %s (budget %d s)\n' "$part" "${budget[$part]}"
  "part_$part" 2>&1 | tee "$output/$part" || verdict=FAILED
  printf '%s' "$verdict" >"$output/$part.verdict"
  printf '%-15s %-7s %5d s of %5d s\n' "$part" "$verdict" $((SECONDS - started)) "${budget[$part]}" >"$output/$part.report"
}

for part in "${parts[@]}"; do
  run "$part"
  if [ "$part" = bootstrap ]; then
    # Nothing else can work without what bootstrap brings.
    if [ "$(cat "$output/$part.verdict")" = FAILED ]; then
      parts=(bootstrap) beside=()
      break
    fi
    if [ "${#beside[@]}" -gt 0 ]; then
      # A process group of its own, so that it ends with this script.
      set -m
      (for other in "${beside[@]}"; do run "$other"; done) >"$output/beside" 2>&1 &
      lane=$!
      set +m
    fi
  fi
done
if [ -n "$lane" ]; then
  wait "$lane"
  lane=
  cat "$output/beside"
fi

passed=0 broken=() report=()
for part in "${parts[@]}" "${beside[@]}"; do
  report+=("$(cat "$output/$part.report")")
  if [ "$(cat "$output/$part.verdict")" = passed ]; then passed=$((passed + 1)); else broken+=("$part"); fi
done
for part in "${broken[@]}"; do
  printf '\n──── %s FAILED, and this is how it ended\n' "$part"
  # Long lines are assertions of whole answers; their beginning says enough.
  tail -n 40 "$output/$part" | cut -c 1-300
done
printf '\n'
# Molecule's own summary hides the names of the tests, and it wraps them at 80 columns.
for part in "${broken[@]}"; do
  sed $'s/\e\\[[0-9;]*m//g' "$output/$part" |
    grep --after-context=2 --no-group-separator --extended-regexp '^[^A-Za-z]*(FAILED|ERROR)( |$)' | cut -c 1-300
done
printf '%s\n' "${report[@]}"
printf 'total %32d s\n' "$SECONDS"
printf 'parts: %d passed, %d failed\n' "$passed" "${#broken[@]}"
[ "${#broken[@]}" -eq 0 ]
