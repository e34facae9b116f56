# SPDX-License-Identifier: Apache-2.0
"""Write the Python stubs of ``aegis_runtime.proto`` and their types anew.

Run ``python -m aegis_temporal_worker.runtime.proto.regenerate``. It needs grpcio-tools and mypy-protobuf, which the
development environment has and a deployed worker does not. Exit code: protoc's.
"""

from __future__ import annotations

import sys
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-untyped] # it ships no types

_HERE = Path(__file__).resolve().parent
_SOURCES = _HERE.parents[2]


def main() -> int:
    """Run protoc; returns its exit code."""
    # Given relative to src/, so that the generated modules import each other by their full package path.
    proto = (_HERE / "aegis_runtime.proto").relative_to(_SOURCES)
    outputs = [f"--{kind}_out={_SOURCES}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
    return int(protoc.main(["protoc", f"-I{_SOURCES}", *outputs, str(proto)]))


if __name__ == "__main__":
    sys.exit(main())
