#!/usr/bin/env bash
# Builds the image of a test host for one Debian suite (bookworm, trixie) from molecule/shared/Dockerfile.
# Without a registry the base is bootstrapped from Debian's packages. Nothing is done when the image is there.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"
suite=${1:?usage: host_image.sh SUITE}
dockerfile=$REPOSITORY/molecule/shared/Dockerfile
definition=$(cat "$dockerfile" "$REPOSITORY/tools/host_image.sh" | sha256sum | cut -c 1-12)
image=aegis-temporal-testhost:$suite-$definition
latest=aegis-temporal-testhost:$suite

build() { DOCKER_BUILDKIT=0 docker build --quiet --build-arg "BASE=$1" --tag "$image" - <"$dockerfile"; }

bootstrap_base() {
  local root
  root=$(mktemp --directory "${TMPDIR:-/var/tmp}/aegis-temporal-$suite.XXXXXX")
  # shellcheck disable=SC2064  # the directory's name is known now
  trap "rm -rf --one-file-system '$root' 2>/dev/null || sudo rm -rf --one-file-system '$root'" EXIT
  with_progress "Bootstrapping Debian $suite from its packages (about two minutes)" \
    as_root debootstrap --variant=minbase "$suite" "$root"
  say "Importing Debian $suite as an image"
  as_root tar --directory "$root" --create . | docker import - "aegis-temporal-base:$suite" >/dev/null
}

if ! docker image inspect "$image" >/dev/null 2>&1; then
  base=debian:$suite-slim
  if ! docker image inspect "aegis-temporal-base:$suite" >/dev/null 2>&1 &&
    timeout 60 docker pull --quiet "$base" >/dev/null 2>&1; then
    :
  else
    base=aegis-temporal-base:$suite
    if ! docker image inspect "$base" >/dev/null 2>&1; then
      need_packages "no image registry answers, so test hosts are made from Debian's packages" debootstrap
      bootstrap_base
    fi
  fi
  with_progress "Building the test host's image for Debian $suite" build "$base"
fi
docker tag "$image" "$latest"
