# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deployment grows and shrinks while workflows start: none fails, none is lost, and no other host is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
import workflow_load
from playbook import Run, playbook, site
from under_load import accepted_ids, identities, load_options, tell

GROWN = Path(__file__).resolve().parents[1] / "grown"
PREFIX = "molecule-scale-"
NEW_SERVERS, NEW_WORKERS = (f"{PREFIX}server-2", f"{PREFIX}server-3"), (f"{PREFIX}worker-2",)
NOT_NAMED = (f"{PREFIX}server-1", f"{PREFIX}worker-1")
DATABASE = f"{PREFIX}database"
# Runs that start after each change, so that it is also seen at rest.
STARTS_BETWEEN = 50
SECONDS_BETWEEN = 300


def _others_are_untouched(run: Run) -> str:
    """The database's host lets the new hosts in or the old ones no more, which is its one change."""
    assert run.status == 0, run.output[-4000:]
    assert [run.changed[host] for host in NOT_NAMED] == [0, 0], run.changed
    return f"changed tasks: {run.changed}"


def test_it_grows_and_shrinks_under_load(deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = []

    def at_rest() -> None:
        load.wait_for("accepted", load.count("accepted") + STARTS_BETWEEN, SECONDS_BETWEEN)

    with workflow_load.running(tmp_path / "load", load_options(deployment)) as load:
        at_rest()
        grown = site(deployment.inventory, "--inventory", str(GROWN))
        told.append(f"grown to 3 servers and 4 workers, {_others_are_untouched(grown)}")
        assert grown.changed[DATABASE] <= 1, grown.changed
        assert all(grown.changed[host] > 0 for host in (*NEW_SERVERS, *NEW_WORKERS)), grown.changed

        at_rest()
        took = identities(f"{deployment.address('temporal')}:7233", accepted_ids(load)[-STARTS_BETWEEN:-5])
        told.append(f"workers that took runs then: {', '.join(sorted(took))}")
        assert took >= {f"{NEW_WORKERS[0]}:{port}" for port in (3000, 3001, 3002)}, took

        limit = ",".join((*NEW_SERVERS, *NEW_WORKERS))
        shrunk = playbook("playbooks/remove.yml", deployment.inventory, "--inventory", str(GROWN), "--limit", limit)
        assert shrunk.status == 0, shrunk.output[-4000:]
        told.append(f"shrunk to 1 server and 1 worker, changed tasks: {shrunk.changed}")
        assert not any(shrunk.changed.get(host, 0) for host in NOT_NAMED), shrunk.changed

        at_rest()
        after = site(deployment.inventory)
        told.append(f"site.yml with the small inventory, {_others_are_untouched(after)}")
        assert not any(after.changed.values()), after.changed

    figures = load.figures
    assert figures is not None
    tell(capsys, load.directory, figures, *told)
    assert figures.valid
    assert figures.problems == []
    assert (figures.failed, figures.lost, figures.repeated) == (0, 0, 0)
    assert figures.completed == figures.accepted
