# SPDX-License-Identifier: Apache-2.0
"""The interpreter is pure: the same input gives the same steps on every replay."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import aegis_temporal_worker.interpreter as package

ROOT = Path(package.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))
# Modules of the standard library that neither ask the outside nor keep time.
ALLOWED_IMPORTS = {
    "__future__",
    "collections",
    "collections.abc",
    "dataclasses",
    "functools",
    "json",
    "json.encoder",
    "math",
    "re",
    "typing",
}
FORBIDDEN_CALLS = {"__import__", "breakpoint", "compile", "eval", "exec", "hash", "id", "input", "open", "print"}
SETS = {"set", "frozenset"}


def problems(source: str, top: str = "interpreter") -> Iterator[str]:
    """What a source does that the interpreter may not do."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (f"imports {item.name}" for item in node.names if item.name not in ALLOWED_IMPORTS)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0 and node.module not in ALLOWED_IMPORTS:
                yield f"imports {node.module}"
            if node.level > 0 and node.module is not None and node.module.split(".")[0] in {"activities", "runtime"}:
                yield f"imports from outside {top}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            yield f"calls {node.func.id}"
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)) and is_set(node.iter):
            yield "iterates over a set"
        elif isinstance(node, ast.Starred) and is_set(node.value):
            yield "unpacks a set"
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            yield "changes a global"


def is_set(node: ast.expr) -> bool:
    if isinstance(node, (ast.Set, ast.SetComp)):
        return True
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SETS


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_source_is_pure(path: Path) -> None:
    """Contract 4.1: determinism."""
    assert list(problems(path.read_text(encoding="utf-8"))) == []


def test_relative_imports_stay_inside() -> None:
    for path in SOURCES:
        depth = len(path.relative_to(ROOT).parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.level <= depth, f"{path} imports {node.module} from outside the interpreter"


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from datetime import datetime",
        "import random",
        "from asyncio import sleep",
        "from ..activities import names",
        "open('x')",
        "eval('1')",
        "for x in {1, 2}: pass",
        "[x for x in set(y)]",
        "[*frozenset(y)]",
        "def f():\n    global x",
    ],
)
def test_the_lint_finds(source: str) -> None:
    assert list(problems(source)) != []


def test_importing_it_loads_nothing_that_talks_to_the_outside() -> None:
    code = (
        "import sys, aegis_temporal_worker.interpreter.run\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'aiohttp', 'asyncpg', 'asyncio', 'grpc', 'random', 'socket', 'temporalio'}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT.parents[1])},
        timeout=60,
    )
    # importlib.metadata, which the package uses for its version, loads socket and random through email.
    assert set(ast.literal_eval(ran.stdout)) <= {"socket", "random"}
