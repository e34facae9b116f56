# SPDX-License-Identifier: Apache-2.0
"""Handlebars itself, from npm, as the judge of templates."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent / "handlebars"


class NoJudgeError(Exception):
    """Node.js or npm is not on this machine; the text says which."""


@dataclass(frozen=True)
class Case:
    """A template with its data."""

    template: str
    data: Any


@dataclass(frozen=True)
class Verdict:
    """What Handlebars printed, or why it refused (then ``output`` is None)."""

    output: str | None
    error: str = ""


def _cache() -> Path:
    explicit = os.environ.get("AEGIS_TEMPORAL_CACHE")
    if explicit:
        return Path(explicit)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aegis-temporal"


def _installed() -> Path:
    """The directory that holds the locked packages, filled once."""
    lock = (PACKAGE / "package-lock.json").read_bytes()
    directory = _cache() / f"handlebars-{hashlib.sha256(lock).hexdigest()[:12]}"
    if (directory / "node_modules/handlebars/package.json").is_file():
        return directory
    npm = shutil.which("npm")
    if npm is None:
        raise NoJudgeError("npm is not installed")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as scratch:
        packages = Path(scratch) / "packages"
        packages.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PACKAGE / name, packages)
        # The lock file holds the hash of each package; npm refuses any other content.
        command = [npm, "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=packages, check=True, capture_output=True, timeout=300)
        try:
            packages.rename(directory)
        except OSError:
            # Another test process was faster.
            if not (directory / "node_modules/handlebars/package.json").is_file():
                raise
    return directory


def ask(cases: Iterable[Case], *, no_escape: bool = False) -> list[Verdict]:
    """The verdicts on the cases, in their order, from one process.

    Raises ``NoJudgeError`` without Node.js or npm, ``subprocess.CalledProcessError`` when npm or the judge fails.
    """
    node = shutil.which("node")
    if node is None:
        raise NoJudgeError("Node.js is not installed")
    lines = [json.dumps({"template": case.template, "data": case.data, "noEscape": no_escape}) for case in cases]
    command = [node, str(PACKAGE / "judge.js"), str(_installed())]
    ran = subprocess.run(command, input="\n".join(lines).encode(), capture_output=True, check=True, timeout=300)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    if len(answers) != len(lines):
        raise RuntimeError(f"The judge answered {len(answers)} of {len(lines)} cases")
    return [Verdict(answer["output"]) if answer["ok"] else Verdict(None, answer["error"]) for answer in answers]
