# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deployment grows, is restarted and shrinks while workflows start: none fails, is lost or is done twice.

The tests build on each other, in this order; each has a load and a ledger of its own.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import workflow_load
from playbook import Run, playbook, site
from under_load import accepted_ids, identities, load_options, tell
from workflow_load import Figures, RunningLoad

GROWN = Path(__file__).resolve().parents[1] / "grown"
WITH_GROWN = ("--inventory", str(GROWN))
PREFIX = "molecule-scale-"
NEW_SERVERS, NEW_WORKERS = (f"{PREFIX}server-2", f"{PREFIX}server-3"), (f"{PREFIX}worker-2",)
NOT_NAMED = (f"{PREFIX}server-1", f"{PREFIX}worker-1")
DATABASE = f"{PREFIX}database"
# Runs that start before and after each change, so that it is also seen at rest.
STARTS_BETWEEN = 50
SECONDS_BETWEEN = 300
# A share of failed calls as small as this is seen only in so many of them.
MOST_FAILED_CALLS = 0.0001
LEAST_CALLS = int(os.environ.get("AEGIS_LOAD_CALLS", "10000"))
CALLS_OF_A_RUN = 3
SECONDS_FOR_CALLS = 1800


def _rest(load: RunningLoad) -> None:
    load.wait_for("accepted", load.count("accepted") + STARTS_BETWEEN, SECONDS_BETWEEN)


def _all_is_well(load: RunningLoad, capsys: pytest.CaptureFixture[str], *told: str) -> Figures:
    assert load.figures is not None
    tell(capsys, load.directory, load.figures, *told)
    assert load.figures.valid
    assert load.figures.problems == []
    assert (load.figures.failed, load.figures.lost, load.figures.repeated) == (0, 0, 0)
    assert load.figures.completed == load.figures.accepted
    return load.figures


def _succeeded(run: Run) -> str:
    assert run.status == 0, run.output[-4000:]
    return f"changed tasks: {run.changed}"


def test_it_grows(deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with workflow_load.running(tmp_path / "load", load_options(deployment)) as load:
        _rest(load)
        grown = site(deployment.inventory, *WITH_GROWN)
        told = _succeeded(grown)
        _rest(load)
        ids = accepted_ids(load)[-STARTS_BETWEEN:]
    took = identities(f"{deployment.address('temporal')}:7233", ids)
    _all_is_well(
        load, capsys, f"1 to 3 servers and 1 to 4 workers, {told}", f"then runs were taken by {', '.join(sorted(took))}"
    )
    assert [grown.changed[host] for host in NOT_NAMED] == [0, 0], grown.changed
    # It lets the new hosts in, and reads pg_hba.conf again.
    assert grown.changed[DATABASE] <= 2, grown.changed
    assert all(grown.changed[host] > 0 for host in (*NEW_SERVERS, *NEW_WORKERS)), grown.changed
    assert took >= {f"{NEW_WORKERS[0]}:{port}" for port in (3000, 3001, 3002)}, took


def test_every_server_and_worker_is_restarted(deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = [f"--frontend={deployment.hostvars[host]['host_address']}:7233" for host in NEW_SERVERS]
    with workflow_load.running(tmp_path / "load", load_options(deployment, *new)) as load:
        _rest(load)
        restarted = playbook("playbooks/restart.yml", deployment.inventory, *WITH_GROWN)
        told = _succeeded(restarted)
        _rest(load)
        load.wait_for("accepted", LEAST_CALLS // CALLS_OF_A_RUN + 1, SECONDS_FOR_CALLS)
    figures = _all_is_well(load, capsys, f"all restarted, {told}")
    assert all(restarted.changed[host] > 0 for host in (*NOT_NAMED, *NEW_SERVERS, *NEW_WORKERS)), restarted.changed
    assert figures.calls >= LEAST_CALLS
    assert figures.failed_call_share <= MOST_FAILED_CALLS


def test_it_shrinks(deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limit = ",".join((*NEW_SERVERS, *NEW_WORKERS))
    with workflow_load.running(tmp_path / "load", load_options(deployment)) as load:
        _rest(load)
        shrunk = playbook("playbooks/remove.yml", deployment.inventory, *WITH_GROWN, "--limit", limit)
        told = _succeeded(shrunk)
        _rest(load)
        after = site(deployment.inventory)
        told_after = _succeeded(after)
    _all_is_well(load, capsys, f"3 to 1 servers and 4 to 1 workers, {told}", f"site.yml after it, {told_after}")
    assert not any(shrunk.changed.get(host, 0) for host in NOT_NAMED), shrunk.changed
    assert not any(after.changed.values()), after.changed
