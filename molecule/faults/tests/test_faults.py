# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault is injected on the living hosts: the verification names its root, and is green when it is gone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from fault import CONTROL, PREFIX, Fault, Step
from faults import FAULTS
from playbook import Run, playbook

STEP_SECONDS = 90
# What fails is waited for that long in each check; what has just come back may take longer.
FAULTY_SECONDS = 8
GREEN_SECONDS = 60


def _run(step: Step) -> subprocess.CompletedProcess[str]:
    host = [] if step.host == CONTROL else ["docker", "exec", PREFIX + step.host]
    return subprocess.run(
        [*host, "sh", "-euc", step.command], capture_output=True, text=True, timeout=STEP_SECONDS, check=False
    )


def _do(steps: tuple[Step, ...]) -> None:
    """Run all of them, and fail then if any failed: a removal does as much as it can."""
    failed = [(step, done) for step in steps if (done := _run(step)).returncode]
    assert not failed, failed


def _is_there(fault: Fault) -> bool:
    return all(_run(step).returncode == 0 for step in fault.there)


def _verify(deployment: Any, directory: Path, seconds: int, **variables: Any) -> tuple[Run, dict[str, dict[str, Any]]]:
    """Verify, and return the rows of the report by C(check@host)."""
    path = directory / "report.json"
    own = {"verify_timeout": seconds, "verify_report_path": str(path), "verify_report_formats": ["json"]}
    run = playbook("playbooks/verify.yml", deployment.inventory, variables={**own, **variables})
    assert path.exists(), run.output[-4000:]
    report = json.loads(path.read_text(encoding="utf-8"))
    return run, {f"{row['id']}@{row['host'].removeprefix(PREFIX)}": row for row in report["checks"]}


def _with(found: dict[str, dict[str, Any]], result: str) -> dict[str, str]:
    return {
        key: f"{row['detail']} {row['cause']} {row['fix']}" for key, row in found.items() if row["result"] == result
    }


def _green(deployment: Any, directory: Path) -> set[str]:
    run, found = _verify(deployment, directory, GREEN_SECONDS)
    assert not (bad := {**_with(found, "failed"), **_with(found, "blocked")}), bad
    assert run.status == 0, run.output[-4000:]
    return set(found)


@pytest.fixture(scope="module")
def everything(deployment: Any, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The rows of a deployment that is well."""
    return _green(deployment, tmp_path_factory.mktemp("green"))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_root_of_a_fault_is_named(fault: Fault, deployment: Any, everything: set[str], tmp_path: Path) -> None:
    # A fault of the inventory is there as soon as its variables are.
    assert _is_there(fault) != bool(fault.inject), "the proof does not tell whether the fault is there"
    try:
        _do(fault.inject)
        assert _is_there(fault)
        run, found = _verify(deployment, tmp_path, FAULTY_SECONDS, **fault.variables)
        assert _is_there(fault)
    finally:
        _do(fault.remove)
    assert not (fault.inject and _is_there(fault))

    try:
        failed = _with(found, "failed")
        assert set(failed) == set(fault.says), failed
        for row, words in fault.says.items():
            for word in words:
                assert word in " ".join(failed[row].split()), (word, failed[row])
        assert {key: row["blocked_by"] for key, row in found.items() if row["result"] == "blocked"}.keys() == (
            fault.blocked
        ), _with(found, "blocked")
        assert {row["blocked_by"] for row in found.values() if row["blocked_by"]} <= {
            row.partition("@")[0] for row in fault.says
        }
        assert set(found) == everything
        assert run.status != 0
    finally:
        _green(deployment, tmp_path)
