# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tasks by ansible-playbook on localhost: for what a module's process alone does not show."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .runner import Outcome

_REPOSITORY = Path(__file__).resolve().parents[3]
_TIMEOUT = 300


@dataclass(frozen=True)
class Play:
    """What became of the tasks."""

    returncode: int
    tasks: Sequence[Outcome]
    """One for each task that ran, in order."""
    output: str


def play(
    directory: Path,
    tasks: Sequence[Mapping[str, Any]],
    *,
    module_defaults: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
) -> Play:
    """Run the tasks on localhost, with more C(arguments) of ansible-playbook such as C(--check)."""
    content = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": module_defaults or {},
        "vars": variables or {},
        "tasks": tasks,
    }
    file = directory / "play.yml"
    # JSON is YAML, and it says every value as it is.
    file.write_text(json.dumps([content], default=list))
    given = {"ANSIBLE_LOCAL_TEMP": str(directory), **(environment or {})}
    return playbook(file, ["-i", "localhost,", "-c", "local", *arguments], given)


def playbook(file: Path, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Play:
    """Run a playbook; what becomes of the tasks on the first host of each counts."""
    completed = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), *arguments, str(file)],
        cwd=_REPOSITORY,
        env={
            **os.environ,
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            **(environment or {}),
        },
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    output = completed.stdout + completed.stderr
    assert "{" in completed.stdout, output
    plays = json.loads(completed.stdout[completed.stdout.index("{") :])["plays"]
    results = [next(iter(task["hosts"].values())) for item in plays for task in item["tasks"] if task["hosts"]]
    return Play(completed.returncode, [Outcome(result, json.dumps(result)) for result in results], output)
