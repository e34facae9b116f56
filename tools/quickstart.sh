#!/usr/bin/env bash
# The quickstart: up, down, status, verify.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$REPOSITORY"
inventory=inventories/quickstart
playbook() { .venv/bin/ansible-playbook -i "$inventory" "$@"; }

# A worker in a container means its own loopback when it reads localhost, never this machine's.
refuse_loopback() {
  case $2 in
    *localhost* | *127.0.0.* | *'[::1]'*)
      fail "$1 is '$2': the workers run in containers and cannot reach this machine's loopback. Let your orchestrator listen on 172.31.77.1 (the quickstart's network, once it exists) or on 0.0.0.0, and name 172.31.77.1 here."
      ;;
  esac
}

up() {
  refuse_loopback ORCHESTRATOR_URL "${ORCHESTRATOR_URL:-}"
  refuse_loopback RUNTIME_GRPC_URL "${RUNTIME_GRPC_URL:-}"
  if [ -n "${ORCHESTRATOR_URL:-}" ] && [ -z "${RUNTIME_GRPC_URL:-}" ]; then
    fail "ORCHESTRATOR_URL is set and RUNTIME_GRPC_URL is not: the worker needs both. Add RUNTIME_GRPC_URL=172.31.77.1:50051 or where your orchestrator's runtime listens."
  fi
  case ${PROVIDER:=systemd} in
    systemd) tools/bootstrap.sh venv docker artifacts wheelhouse images ;;
    container) tools/bootstrap.sh venv docker artifacts wheelhouse images container-images ;;
    *) fail "PROVIDER is '$PROVIDER': give systemd or container." ;;
  esac
  export PROVIDER
  say "Starting the quickstart's hosts"
  playbook "tools/quickstart/up.yml"
  say "Deploying with site.yml"
  deploy
  .venv/bin/python tools/quickstart_summary.py
}

# Says so when a run changed nothing, which is what a second run should do.
deploy() {
  local log
  log=$(mktemp "${TMPDIR:-/tmp}/aegis-temporal.XXXXXX")
  [ ! -t 1 ] || export ANSIBLE_FORCE_COLOR=1
  playbook site.yml | tee "$log"
  if ! sed 's/\x1b\[[0-9;]*m//g' "$log" | grep -qE '^\S+ +: .*changed=[1-9]'; then
    say "Nothing was changed: everything already was as the inventory declares."
  fi
  rm -f "$log"
}

down() {
  if [ ! -x .venv/bin/ansible-playbook ]; then tools/bootstrap.sh venv; fi
  if ! docker info >/dev/null 2>&1; then
    say "No Docker Engine answers, so no quickstart runs here."
    return 0
  fi
  playbook "tools/quickstart/down.yml"
}

status() {
  docker ps --all --filter label=org.aegis.temporal.testhosts=aegis-temporal-quickstart \
    --format 'table {{.Names}}\t{{.Status}}\t{{.Ports}}'
  for url in localhost:3000/health localhost:3001/health localhost:8233/healthz localhost:7243/api/v1/system-info; do
    printf '%-40s ' "http://$url"
    curl --silent --show-error --max-time 5 "http://$url" 2>&1 | tr -d '\n' | cut -c 1-120
    printf '\n'
  done
}

case ${1:-} in
  up) up ;;
  down) down ;;
  status) status ;;
  verify) playbook playbooks/verify.yml ;;
  *) fail "usage: quickstart.sh up|down|status|verify" ;;
esac
