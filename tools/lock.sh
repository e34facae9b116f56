#!/usr/bin/env bash
# Locks the development environment (requirements/dev.txt) and the worker's wheelhouse by hash.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$REPOSITORY"
.venv/bin/uv pip compile --quiet --upgrade --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --output-file requirements/dev.txt requirements/dev.in
tools/lock_worker.sh
