#!/usr/bin/env bash
# Benchmarks of the worker: bench.sh [NAME…] [--output DIR] [--repetitions N]. See docs/benchmarks.md.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$REPOSITORY"

tools/bootstrap.sh venv postgres artifacts
export PYTHONPATH=$REPOSITORY:$REPOSITORY/tests/support:$REPOSITORY/roles/temporal_worker/files/aegis_temporal_worker/src
exec .venv/bin/python -m bench "$@"
