#!/usr/bin/env bash
# Lock what the worker is deployed with: one file of exact versions and sha256 hashes for each Python minor among the
# supported hosts, and one for the backend that builds the worker's own wheel.
#
#   tools/lock_worker.sh            keep locked versions that still satisfy pyproject.toml
#   tools/lock_worker.sh --upgrade  take the newest versions that pyproject.toml allows
#
# Further arguments are handed to `uv pip compile`.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
project=roles/temporal_worker/files/aegis_temporal_worker
locks=roles/temporal_worker/files/locks
# Debian 12 carries 3.11, Debian 13 carries 3.13.
minors=(3.11 3.13)
uv=$root/.venv/bin/uv
[ -x "$uv" ] || uv=$(command -v uv) || {
  echo "uv is not there: run 'make bootstrap' (it installs uv into .venv), or install uv." >&2
  exit 1
}

cd "$root"
mkdir -p "$locks"
export UV_CUSTOM_COMPILE_COMMAND=tools/lock_worker.sh

compile() { # <output file> <python minor> <platform> <input> [uv options]
  local output=$1 minor=$2 platform=$3 input=$4
  shift 4
  "$uv" pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
    --python-version "$minor" --python-platform "$platform" --only-binary :all: \
    --output-file "$output" "$@" "$input"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for minor in "${minors[@]}"; do
  lock=$locks/requirements-py${minor/./}.txt
  echo "locking $lock"
  compile "$lock" "$minor" x86_64-unknown-linux-gnu "$project/pyproject.toml" "$@"
  # One lock serves both architectures. That holds as long as no dependency depends on the architecture: check it.
  cp "$lock" "$scratch/aarch64.txt"
  compile "$scratch/aarch64.txt" "$minor" aarch64-unknown-linux-gnu "$project/pyproject.toml"
  if ! cmp -s "$lock" "$scratch/aarch64.txt"; then
    echo "$lock differs between x86_64 and aarch64: a lock per architecture is needed." >&2
    diff "$lock" "$scratch/aarch64.txt" >&2 || true
    exit 1
  fi
done

# The build backend is pure Python; the oldest Python that ansible-core supports on a control node decides.
python3 - "$project/pyproject.toml" >"$scratch/build.in" <<'PYTHON'
import sys, tomllib

with open(sys.argv[1], "rb") as project:
    print(*tomllib.load(project)["build-system"]["requires"], sep="\n")
PYTHON
echo "locking $locks/requirements-build.txt"
compile "$locks/requirements-build.txt" 3.11 x86_64-unknown-linux-gnu "$scratch/build.in" "$@"
