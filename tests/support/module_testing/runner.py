# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one module as Ansible runs it: a process of its own, arguments as JSON on its input, one JSON answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_REPOSITORY = Path(__file__).resolve().parents[3]
_TIMEOUT = 180


@dataclass(frozen=True)
class Outcome:
    """What a module answered."""

    result: Mapping[str, Any]
    output: str

    def __getitem__(self, key: str) -> Any:
        return self.result[key]

    @property
    def failed(self) -> bool:
        """Whether it failed."""
        return bool(self.result.get("failed"))

    @property
    def changed(self) -> bool:
        """Whether it says that it changed something."""
        return bool(self.result.get("changed"))

    @property
    def message(self) -> str:
        """Its message, empty when there is none."""
        return str(self.result.get("msg", ""))

    @property
    def warnings(self) -> str:
        """Its warnings, joined."""
        return " ".join(str(warning) for warning in self.result.get("warnings", []))


def ok(outcome: Outcome) -> Outcome:
    """Return the outcome of a module that must not fail. Raises AssertionError with its message."""
    assert not outcome.failed, outcome.message
    return outcome


def run_module(
    name: str,
    options: Mapping[str, Any],
    *,
    check: bool = False,
    diff: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Run C(aegis.temporal.<name>). Raises AssertionError when it ends with a trace in place of an answer."""
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff}
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TEMPORAL_")}
    completed = subprocess.run(
        [sys.executable, "-m", f"ansible_collections.aegis.temporal.plugins.modules.{name}"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        env={**clean, "PYTHONPATH": str(_REPOSITORY / ".collections"), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    output = completed.stdout + completed.stderr
    assert "Traceback" not in output, output
    try:
        return Outcome(json.loads(completed.stdout), output)
    except ValueError:
        raise AssertionError(f"no JSON from {name} (exit code {completed.returncode}):\n{output}") from None
