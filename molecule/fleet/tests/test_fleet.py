# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many worker hosts: few tasks on each where nothing changes, and a host that is added is the only one changed."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import pytest
from playbook import site

GROWN = Path(__file__).resolve().parents[1] / "grown"
NEW = "molecule-fleet-worker-21"
DATABASE = "molecule-fleet-server"
MOST_TASKS = 15


def test_a_run_without_changes_is_cheap_on_every_host(deployment, capsys: pytest.CaptureFixture[str]) -> None:
    begun = time.monotonic()
    run = site(deployment.inventory)
    seconds = time.monotonic() - begun
    assert run.status == 0, run.output[-4000:]
    assert not any(run.changed.values()), run.changed
    # What runs once for the whole deployment is counted on the first host of its play.
    first, *others = deployment.groups["temporal_worker"]
    counts = [run.ok[host] for host in others]
    with capsys.disabled():
        print(
            f"\n{len(others) + 1} worker hosts, no change: {seconds:.0f} s; executed tasks per worker host: "
            f"median {median(counts):.0f}, most {max(counts)}; on {first}, with what runs once, {run.ok[first]}"
        )
    assert max(counts) <= MOST_TASKS


def test_a_host_that_is_added_is_the_only_one_changed(deployment, capsys: pytest.CaptureFixture[str]) -> None:
    begun = time.monotonic()
    run = site(deployment.inventory, "--inventory", str(GROWN))
    seconds = time.monotonic() - begun
    assert run.status == 0, run.output[-4000:]
    changed = {host: number for host, number in run.changed.items() if number}
    with capsys.disabled():
        print(f"\none host added: {seconds:.0f} s; changed tasks: {changed}")
    # The database lets it in.
    assert set(changed) == {NEW, DATABASE}
    assert changed[DATABASE] <= 2
