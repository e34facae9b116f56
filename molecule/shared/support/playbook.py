# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook as a user does and read its recap."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
RECAP = re.compile(
    r"^(?P<host>\S+)\s+: ok=(?P<ok>\d+)\s+changed=(?P<changed>\d+)\s+unreachable=(?P<unreachable>\d+)"
    r"\s+failed=(?P<failed>\d+)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Run:
    """A finished run of a playbook."""

    status: int
    output: str

    @property
    def changed(self) -> dict[str, int]:
        """Number of changed tasks per host."""
        return {match["host"]: int(match["changed"]) for match in RECAP.finditer(self.output)}

    @property
    def ok(self) -> dict[str, int]:
        """Number of tasks that were executed and did not fail, per host."""
        return {match["host"]: int(match["ok"]) for match in RECAP.finditer(self.output)}

    @property
    def message(self) -> str:
        """The output with every run of white space as one space, so that a folded line can be found."""
        return " ".join(self.output.split())


def site(inventory: Path, *options: str, variables: dict[str, Any] | None = None) -> Run:
    """Run site.yml with extra variables."""
    return playbook("site.yml", inventory, *options, variables=variables)


def playbook(
    path: str,
    inventory: Path,
    *options: str,
    variables: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
) -> Run:
    """Run a playbook of this repository with extra variables, handed over as JSON so that they keep their types."""
    command, own = _command(path, inventory, options, variables, environment)
    run = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=own, check=False)
    return Run(run.returncode, run.stdout + run.stderr)


def playbook_killed_when(
    moment: Callable[[], bool],
    path: str,
    inventory: Path,
    timeout: float = 300,
    environment: dict[str, str] | None = None,
) -> None:
    """Run a playbook and kill it, with all its processes on this machine, as soon as ``moment`` is true.

    Raises ``AssertionError`` when it ends before, or when ``timeout`` seconds pass.
    """
    command, own = _command(path, inventory, (), None, environment)
    play = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=REPOSITORY,
        env=own,
        start_new_session=True,
    )
    deadline = time.monotonic() + timeout
    try:
        while not moment():
            assert play.poll() is None, "the play ended before"
            assert time.monotonic() < deadline, f"not reached within {timeout} s"
            time.sleep(0.1)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(play.pid, signal.SIGKILL)
        play.wait()


def _command(
    path: str,
    inventory: Path,
    options: Sequence[str],
    variables: dict[str, Any] | None,
    environment: dict[str, str] | None,
) -> tuple[list[str], dict[str, str]]:
    command = ["ansible-playbook", "--inventory", str(inventory), path, *options]
    if variables:
        command += ["--extra-vars", json.dumps(variables)]
    # Molecule asks Ansible for colours, which would stand between the numbers of the recap.
    own = {**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1", **(environment or {})}
    return command, own
