# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's two commands, and what a person tries next. It takes the quickstart's ports on this machine."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
from pathlib import Path

import pytest
import requests

REPOSITORY = Path(__file__).resolve().parents[2]
RECAP = re.compile(r"^(?P<host>\S+)\s+: ok=\d+\s+changed=(?P<changed>\d+)", re.MULTILINE)
TIMEOUT_SECONDS = 10


def _make(target: str) -> str:
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"}
    run = subprocess.run(["make", target], capture_output=True, text=True, cwd=REPOSITORY, env=environment, check=False)
    assert run.returncode == 0, (run.stdout + run.stderr)[-4000:]
    return run.stdout


@pytest.fixture(scope="module")
def first_run():
    _make("down")
    yield _make("up")
    _make("down")
    leftovers = subprocess.run(
        [
            "docker",
            "ps",
            "--all",
            "--quiet",
            "--filter",
            "label=org.aegis.temporal.testhosts=aegis-temporal-quickstart",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    networks = subprocess.run(
        ["docker", "network", "ls", "--quiet", "--filter", "name=aegis-temporal-quickstart"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert leftovers + networks == ""
    assert not (REPOSITORY / "inventories/quickstart/.state").exists()


def test_it_ends_with_the_table_and_what_to_try_next(first_run):
    assert re.search(r"^passed .* an echo workflow ran to Completed", first_run, re.MULTILINE)
    assert "FAILED" not in first_run
    assert "curl http://localhost:3000/health" in first_run


@pytest.mark.usefixtures("first_run")
def test_what_the_summary_names_answers():
    for port in (3000, 3001):
        health = requests.get(f"http://localhost:{port}/health", timeout=TIMEOUT_SECONDS).json()
        assert list(itertools.islice(health.items(), 3)) == [
            ("status", "healthy"),
            ("temporal", "connected"),
            ("database", "connected"),
        ]
    assert requests.get("http://localhost:3000/workflows", timeout=TIMEOUT_SECONDS).json()["total"] == 0
    assert requests.get("http://localhost:8233/healthz", timeout=TIMEOUT_SECONDS).ok
    queue = requests.get(
        "http://localhost:7243/api/v1/namespaces/default/task-queues/aegis-agents", timeout=TIMEOUT_SECONDS
    ).json()
    assert len({poller["identity"] for poller in queue["pollers"]}) == 2
    assert "Up" in _make("status")


@pytest.mark.usefixtures("first_run")
def test_the_second_run_changes_nothing():
    output = _make("up")
    changed = {match["host"]: int(match["changed"]) for match in RECAP.finditer(output)}
    assert set(changed) >= {"quickstart-database", "quickstart-server", "quickstart-workers", "aegis-standin"}
    assert not any(changed.values()), changed
    assert "Nothing was changed" in output
