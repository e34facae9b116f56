# SPDX-License-Identifier: Apache-2.0
"""Write the Python stubs of ``aegis_runtime.proto`` and their types anew.

Run ``python -m aegis_temporal_worker.runtime.proto.regenerate``. It needs grpcio-tools, mypy-protobuf and ruff, which the
development environment has and a deployed worker does not. Exit code: protoc's or ruff's.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-untyped] # it ships no types

_HERE = Path(__file__).resolve().parent
_SOURCES = _HERE.parents[2]
# A byte takes up to four characters: no line is longer than 120.
_LINE_BYTES = 24


def _wrapped(source: str) -> str:
    """Break the serialised descriptor into lines: checkers of style read generated code too."""

    def pieces(match: re.Match[str]) -> str:
        descriptor = ast.literal_eval(match[1])
        lines = [repr(descriptor[start : start + _LINE_BYTES]) for start in range(0, len(descriptor), _LINE_BYTES)]
        return "AddSerializedFile(\n    " + "\n    ".join(lines) + "\n)"

    return re.sub(r"AddSerializedFile\((b'.*')\)$", pieces, source, flags=re.MULTILINE)


def main() -> int:
    """Run protoc; returns its exit code."""
    # Given relative to src/, so that the generated modules import each other by their full package path.
    proto = (_HERE / "aegis_runtime.proto").relative_to(_SOURCES)
    outputs = [f"--{kind}_out={_SOURCES}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
    status = int(protoc.main(["protoc", f"-I{_SOURCES}", *outputs, str(proto)]))
    if status:
        return status
    modules = [_HERE / "aegis_runtime_pb2.py", _HERE / "aegis_runtime_pb2_grpc.py"]
    modules[0].write_text(_wrapped(modules[0].read_text(encoding="utf-8")), encoding="utf-8")
    for command in (["check", "--select", "F401", "--fix"], ["format", "--line-length", "120"]):
        words = ["ruff", *command, "--isolated", *map(str, modules)]
        status = status or subprocess.run(words, check=False).returncode  # noqa: S603 - our own words only
    return status


if __name__ == "__main__":
    sys.exit(main())
