# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook as a user does and read its recap."""

from __future__ import annotations

import json
import os
import re
import subprocess
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
    command = ["ansible-playbook", "--inventory", str(inventory), path, *options]
    if variables:
        command += ["--extra-vars", json.dumps(variables)]
    # Molecule asks Ansible for colours, which would stand between the numbers of the recap.
    own = {**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1", **(environment or {})}
    run = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=own, check=False)
    return Run(run.returncode, run.stdout + run.stderr)
