# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deployment grows, is restarted, upgraded and shrinks while workflows start: none fails, is lost or done twice.

The tests build on each other, in this order; each has a load and a ledger of its own.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import testinfra
import workflow_load
from newer_collection import newer_collection
from playbook import Run, playbook, site
from under_load import accepted_ids, all_is_well, load_options, work_told
from workflow_load import RunningLoad

GROWN = Path(__file__).resolve().parents[1] / "grown"
WITH_GROWN = ("--inventory", str(GROWN))
PREFIX = "molecule-scale-"
NEW_SERVERS, NEW_WORKERS = (f"{PREFIX}server-2", f"{PREFIX}server-3"), (f"{PREFIX}worker-2",)
NOT_NAMED = (f"{PREFIX}server-1", f"{PREFIX}worker-1")
WORKERS = (f"{PREFIX}worker-1", *NEW_WORKERS)
DATABASE = f"{PREFIX}database"
CURRENT, NEWER, BROKEN = "0.1.0", "0.1.1", "0.1.2"
# What does not start is waited for as long; what is returned to may need it on a busy machine.
SECONDS_TO_START = 60
# Runs that start before and after each change, so that it is also seen at rest.
STARTS_BETWEEN = 50
SECONDS_BETWEEN = 300
# A share of failed calls as small as this is seen only in so many of them.
MOST_FAILED_CALLS = 0.0001
LEAST_CALLS = int(os.environ.get("AEGIS_LOAD_CALLS", "10000"))
CALLS_OF_A_RUN = 3
SECONDS_FOR_CALLS = 1800


def _rest(load: RunningLoad) -> None:
    load.more(STARTS_BETWEEN, SECONDS_BETWEEN)


def _releases(deployment: Any) -> dict[str, str]:
    """The current version of the worker, by host."""
    current = "basename $(readlink /opt/aegis-temporal/temporal-worker/current)"
    inventory = str(deployment.inventory)
    hosts = {name: testinfra.get_host(f"ansible://{name}", ansible_inventory=inventory) for name in WORKERS}
    return {name: host.check_output(current).partition("-")[0] for name, host in hosts.items()}


def _frontend(deployment: Any) -> str:
    return f"{deployment.address('temporal')}:7233"


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
    took = work_told(_frontend(deployment), ids).identities
    all_is_well(
        load, capsys, f"1 to 3 servers and 1 to 4 workers, {told}", f"then runs were taken by {', '.join(sorted(took))}"
    )
    # The UI's host and the worker learn the addresses of the new frontends, and nothing else.
    assert [grown.changed[host] for host in NOT_NAMED] == [1, 1], grown.changed
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
    figures = all_is_well(load, capsys, f"all restarted, {told}")
    assert all(restarted.changed[host] > 0 for host in (*NOT_NAMED, *NEW_SERVERS, *NEW_WORKERS)), restarted.changed
    assert figures.calls >= LEAST_CALLS
    assert figures.failed_call_share <= MOST_FAILED_CALLS


def test_the_worker_is_upgraded_and_downgraded(deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    newer = newer_collection(tmp_path / "newer", NEWER)
    with workflow_load.running(tmp_path / "load", load_options(deployment)) as load:
        _rest(load)
        up = playbook(
            newer.playbook("temporal_worker"), deployment.inventory, *WITH_GROWN, environment=newer.environment
        )
        told = [f"{CURRENT} to {NEWER}, {_succeeded(up)}"]
        upgraded = _releases(deployment)
        _rest(load)
        down = playbook("playbooks/temporal_worker.yml", deployment.inventory, *WITH_GROWN)
        told.append(f"and back, {_succeeded(down)}")
        downgraded = _releases(deployment)
        _rest(load)
    work = work_told(_frontend(deployment), accepted_ids(load))
    all_is_well(load, capsys, *told, *work.lines())
    assert (upgraded, downgraded) == (dict.fromkeys(WORKERS, NEWER), dict.fromkeys(WORKERS, CURRENT))
    # What one version began and the other went on with is what may fail; without such a run, nothing was tried.
    assert work.crossed > 0
    assert work.non_determinism_errors == 0


def test_a_broken_worker_is_taken_back(deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = newer_collection(tmp_path / "broken", BROKEN, 'raise RuntimeError("broken on purpose")')
    with workflow_load.running(tmp_path / "load", load_options(deployment)) as load:
        _rest(load)
        run = playbook(
            broken.playbook("temporal_worker"),
            deployment.inventory,
            *WITH_GROWN,
            variables={"temporal_worker_health_timeout": SECONDS_TO_START},
            environment=broken.environment,
        )
        releases = _releases(deployment)
        _rest(load)
    work = work_told(_frontend(deployment), accepted_ids(load))
    all_is_well(load, capsys, f"{CURRENT} to {BROKEN}, which does not start, and back by itself", *work.lines())
    assert run.status != 0, run.output[-4000:]
    assert "broken on purpose" in run.output
    assert f"{WORKERS[0]} runs {CURRENT}-" in run.message, run.output[-4000:]
    assert releases == dict.fromkeys(WORKERS, CURRENT)
    assert work.non_determinism_errors == 0


def test_it_shrinks(deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limit = ",".join((*NEW_SERVERS, *NEW_WORKERS))
    with workflow_load.running(tmp_path / "load", load_options(deployment)) as load:
        _rest(load)
        shrunk = playbook("playbooks/remove.yml", deployment.inventory, *WITH_GROWN, "--limit", limit)
        told = _succeeded(shrunk)
        _rest(load)
        after = site(deployment.inventory)
        told_after = _succeeded(after)
    all_is_well(load, capsys, f"3 to 1 servers and 4 to 1 workers, {told}", f"site.yml after it, {told_after}")
    assert not any(shrunk.changed.get(host, 0) for host in NOT_NAMED), shrunk.changed
    assert not any(after.changed.values()), after.changed
