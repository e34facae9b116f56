#!/usr/bin/env bash
# The quickstart: up, down, status, verify.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$REPOSITORY"
inventory=inventories/quickstart
playbook() { .venv/bin/ansible-playbook -i "$inventory" "$@"; }

up() {
  tools/bootstrap.sh venv docker artifacts wheelhouse images
  # Ansible names the loopback of a container, not of this machine, when an address says localhost.
  say "Starting the quickstart's hosts"
  playbook "tools/quickstart/up.yml"
  say "Deploying with site.yml"
  playbook site.yml
  .venv/bin/python tools/quickstart_summary.py
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
