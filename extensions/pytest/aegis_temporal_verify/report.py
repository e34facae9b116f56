# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the verification playbook once, and read the report that it wrote."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLAYBOOK = "aegis.temporal.verify"
_SHOWN_LINES = 40


class VerificationError(RuntimeError):
    """The playbook wrote no report, so nothing is known. The message has the end of what it said."""


@dataclass(frozen=True)
class Row:
    """One line of the report: what one check found on one host."""

    id: str
    name: str
    host: str
    result: str
    """C(passed), C(failed) or C(blocked)."""
    seconds: float | None
    """How long it took, None where that was not measured."""
    detail: str
    cause: str
    fix: str
    blocked_by: str
    """Id of the check that failed and explains this one, empty when it is not blocked."""

    def __str__(self) -> str:
        lines = [f"{self.name} on {self.host}: {self.result}: {self.detail}"]
        lines += [f"  {word}: {text}" for word, text in (("likely cause", self.cause), ("fix", self.fix)) if text]
        return "\n".join(lines)


@dataclass(frozen=True)
class Report:
    """What the verification found."""

    title: str
    rows: tuple[Row, ...]

    def of(self, check: str, host: str | None = None) -> list[Row]:
        """Return the rows of a check, those of one host when it is named."""
        return [row for row in self.rows if row.id == check and host in (None, row.host)]

    def failed(self) -> list[Row]:
        """Return the rows that failed, without those that are blocked by them."""
        return [row for row in self.rows if row.result == "failed"]


def verify(
    inventory: Path, directory: Path, *, tags: Sequence[str] = (), arguments: Sequence[str] = (), timeout: float = 900
) -> Report:
    """Run the playbook C(verify) of the collection and return its report.

    Args:
        inventory: The inventory, a file or a directory.
        directory: Where the report is written. No report may be there yet.
        tags: Tags of the checks to run, such as C(verify_pollers). All of them without any.
        arguments: More arguments of C(ansible-playbook). Give no secret here: name a vault password file.
        timeout: Seconds after which the run is ended.

    Raises:
        VerificationError: There is no report: C(ansible-playbook) is missing, failed early, or took too long; or it
            failed while no check did.
    """
    program = shutil.which("ansible-playbook")
    if program is None:
        raise VerificationError("ansible-playbook is not on the PATH: install ansible-core where pytest runs.")
    path = directory / "verify-report.json"
    command = [program, "--inventory", str(inventory), PLAYBOOK, *arguments]
    command += ["--extra-vars", json.dumps({"verify_report_path": str(path), "verify_report_formats": ["json"]})]
    if tags:
        command += ["--tags", ",".join(tags)]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"}
    try:
        run = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            env=environment,
        )
    except subprocess.TimeoutExpired as expired:
        raise VerificationError(f"{PLAYBOOK} took longer than the {timeout:g} s of --temporal-timeout.") from expired
    if not path.exists():
        raise VerificationError(f"{PLAYBOOK} ended with status {run.returncode} and wrote no report:\n{_end_of(run)}")
    report = read(json.loads(path.read_text(encoding="utf-8")))
    if run.returncode and not report.failed():
        # Something else than a check failed, so that the report is not the whole truth.
        raise VerificationError(f"No check failed, but {PLAYBOOK} ended with status {run.returncode}:\n{_end_of(run)}")
    return report


def _end_of(run: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((run.stdout + run.stderr).splitlines()[-_SHOWN_LINES:])


def read(content: Mapping[str, Any]) -> Report:
    """Return the report that the JSON file of the role C(verify) holds.

    Raises:
        VerificationError: It is another file, or one of another version of the collection.
    """
    try:
        rows = tuple(Row(**row) for row in content["checks"])
        return Report(title=content["title"], rows=rows)
    except (KeyError, TypeError) as wrong:
        raise VerificationError(f"The report is none of this version of the collection: {wrong}.") from wrong
