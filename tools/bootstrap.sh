#!/usr/bin/env bash
# Brings what the named parts need, each only when its result is missing:
#   venv       the locked Python environment (.venv links to it)
#   docker     a Docker Engine that answers
#   artifacts  Temporal Server, Temporal UI and the health probe, built from their Go modules
#   wheelhouse the worker with everything it imports, for the Pythons of the test hosts
#   images     the test hosts' images (SUITES: bookworm trixie)
#   container-images   the images of the provider container, as archives in the cache
#   postgres   PostgreSQL's server binaries, for tests on loopback
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$REPOSITORY"

bootstrap_venv() {
  local python lock venv
  python=${PYTHON:-python3}
  command -v "$python" >/dev/null || need_packages "Ansible runs on Python" python3 python3-venv
  "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' ||
    fail "$("$python" --version) cannot run the locked ansible-core: name one from 3.11 to 3.13 with PYTHON=/path/to/python3."
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    need_packages "virtual environments need ensurepip" python3-venv
  lock=$({ "$python" --version; cat requirements/dev.txt; } | sha256sum | cut -c 1-16)
  venv=$AEGIS_TEMPORAL_CACHE/venv/$lock
  mkdir -p "$(dirname "$venv")"
  # Checkouts share the cache: without the lock one would remove what another is just installing.
  exec {venv_lock}>"$venv.lock"
  flock "$venv_lock"
  if [ ! -e "$venv/.complete" ]; then
    rm -rf "$venv"
    with_progress "Creating the Python environment" "$python" -m venv "$venv"
    with_progress "Installing the locked development environment (about a minute)" \
      "$venv/bin/python" -m pip install --disable-pip-version-check --require-hashes -r requirements/dev.txt
    touch "$venv/.complete"
  fi
  exec {venv_lock}>&-
  ln -sfn "$venv" .venv
}

docker_answers() { docker info >/dev/null 2>&1; }

# Each test host's systemd takes some; the kernel's default of 128 is enough for 18 hosts.
raise_inotify_instances() {
  local wanted=1024 now
  now=$(cat /proc/sys/fs/inotify/max_user_instances)
  [ "$now" -lt "$wanted" ] || return 0
  say "Raising fs.inotify.max_user_instances from $now to $wanted until the next boot, for many test hosts at once"
  as_root sh -c "echo $wanted > /proc/sys/fs/inotify/max_user_instances" ||
    say "It may not be set here: more than 18 test hosts at once will not start"
}

bootstrap_docker() {
  raise_inotify_instances
  ! docker_answers || return 0
  if ! command -v dockerd >/dev/null; then
    need_packages "test hosts are containers; Docker Engine runs them" docker.io iptables
  fi
  docker_answers && return 0
  if [ -d /run/systemd/system ]; then
    say "Starting Docker Engine"
    as_root systemctl start docker.service
  else
    say "Starting Docker Engine by hand, because systemd is not running here (log: /var/log/aegis-temporal-dockerd.log)"
    as_root sh -c 'nohup dockerd >/var/log/aegis-temporal-dockerd.log 2>&1 </dev/null &'
  fi
  for _ in $(seq 60); do
    docker_answers && return 0
    sleep 0.5
  done
  if as_root docker info >/dev/null 2>&1; then
    fail "Docker Engine runs, but $(id -un) may not use it: add yourself to the group docker (sudo usermod -aG docker $(id -un)), log in anew and run the same command again."
  fi
  fail "Docker Engine does not answer after 30 seconds: see /var/log/aegis-temporal-dockerd.log or 'systemctl status docker'."
}

bootstrap_artifacts() {
  say "Temporal artifacts (built from source the first time, about six minutes on two cores)"
  .venv/bin/python tools/build_artifacts.py "$@"
}

bootstrap_wheelhouse() {
  say "The worker's wheelhouse"
  .venv/bin/python tools/build_wheelhouse.py
}

bootstrap_images() {
  local suite
  for suite in ${SUITES:-bookworm}; do
    tools/host_image.sh "$suite"
  done
}

# Of the test hosts' own base, so that a machine without an image registry has them too.
bootstrap_container_images() {
  local base=aegis-temporal-base:bookworm
  tools/host_image.sh bookworm
  docker image inspect "$base" >/dev/null 2>&1 || base=debian:bookworm-slim
  with_progress "Images of the deployment's own components" .venv/bin/ansible-playbook playbooks/images.yml \
    -e "images_base=$base" -e images_install_method=source \
    -e "images_archive_directory=$AEGIS_TEMPORAL_CACHE/images"
}

bootstrap_postgres() {
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ||
    need_packages "tests on loopback run a real PostgreSQL" postgresql
}

for part in "$@"; do
  case $part in
    venv | docker | artifacts | wheelhouse | images | postgres) "bootstrap_$part" ;;
    container-images) bootstrap_container_images ;;
    artifacts-pinned) bootstrap_artifacts --server 1.24.2 --ui 2.26.2 ;;
    *) fail "unknown part '$part': name venv, docker, artifacts, artifacts-pinned, wheelhouse, images, container-images or postgres." ;;
  esac
done
