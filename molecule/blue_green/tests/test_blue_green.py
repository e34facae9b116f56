# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts become two versions of the worker; the work goes to one, to both and back, and no workflow notices.

The tests build on each other, in this order, which is that of docs/operations.md.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import testinfra
import workflow_load
from playbook import Run, playbook
from under_load import Work, accepted_ids, all_is_well, load_options, work_told
from workflow_load import RunningLoad

SCENARIO = Path(__file__).resolve().parents[1]
WITH_BLUE = ("--inventory", str(SCENARIO / "blue"))
WITH_BOTH = (*WITH_BLUE, "--inventory", str(SCENARIO / "green"))
BLUE, GREEN = "molecule-blue-green-worker-1", "molecule-blue-green-worker-2"
PROMOTE, WORKER = "playbooks/promote.yml", "playbooks/temporal_worker.yml"
SECOND_INSTANCE = "aegis-temporal-worker@1.service"
# Runs that start before and after each change.
STARTS_BETWEEN = 50
SECONDS_BETWEEN = 300
SECONDS_TO_DRAIN = 180
# What is refused is refused soon.
SECONDS_TO_REFUSE = 10

Play = Callable[..., Run]


@pytest.fixture
def run(deployment: Any) -> Play:
    """Runs a playbook with the inventory of two versions; it has to succeed unless it is told to fail."""

    def play(path: str, *options: str, fails: bool = False, inventory: tuple[str, ...] = WITH_BOTH, **more: Any) -> Run:
        done = playbook(path, deployment.inventory, *inventory, *options, variables=more)
        assert (done.status != 0) is fails, done.output[-4000:]
        return done

    return play


@pytest.fixture
def routing(deployment: Any) -> Callable[[], tuple[str | None, str | None, float]]:
    """The current build, the ramping one, and its share."""
    url = f"http://{deployment.address('temporal')}:7243/api/v1/namespaces/default/worker-deployments/aegis-worker"

    def ask() -> tuple[str | None, str | None, float]:
        config = requests.get(url, timeout=10).json()["workerDeploymentInfo"]["routingConfig"]
        builds = [config.get(f"{kind}DeploymentVersion", {}).get("buildId") for kind in ("current", "ramping")]
        return builds[0], builds[1], float(config.get("rampingVersionPercentage", 0))

    return ask


class Phases:
    """Which runs were accepted between two changes."""

    def __init__(self, load: RunningLoad) -> None:
        self.load = load
        self.ids: dict[str, list[str]] = {}

    def rest(self, name: str) -> None:
        begun = len(accepted_ids(self.load))
        self.load.wait_for("accepted", begun + STARTS_BETWEEN, SECONDS_BETWEEN)
        self.ids[name] = accepted_ids(self.load)[begun:]

    def builds(self, name: str, work: Work) -> set[str]:
        """The builds that worked on the runs of a phase."""
        return {build for run_id in self.ids[name] for build in work.builds[run_id]}


@contextmanager
def phases(deployment: Any, directory: Path) -> Iterator[Phases]:
    with workflow_load.running(directory, load_options(deployment)) as load:
        yield Phases(load)


def well(deployment: Any, done: Phases, capsys: pytest.CaptureFixture[str]) -> Work:
    """See that every run completed, and return who worked on them."""
    work = work_told(f"{deployment.address('temporal')}:7233", accepted_ids(done.load))
    told = [f"{name}: runs of {', '.join(sorted(done.builds(name, work)))}" for name in done.ids]
    all_is_well(done.load, capsys, *told, *work.lines())
    assert work.non_determinism_errors == 0
    return work


def test_workers_become_versions_one_after_the_other(
    deployment: Any, run: Play, routing: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with phases(deployment, tmp_path / "load") as done:
        done.rest("before")
        run(WORKER, "--limit", BLUE, inventory=WITH_BLUE)
        # The other host has no version, and still gets the work.
        done.rest("blue beside it")
        refused = run(PROMOTE, inventory=WITH_BLUE, fails=True)
        assert f"temporal_worker_deployment_name of {GREEN} is empty" in refused.message
        assert "Nothing was promoted." in refused.message
        assert routing() == (None, None, 0)
        promoted = run(PROMOTE, "--limit", BLUE, inventory=WITH_BLUE)
        assert f"Deployment aegis-worker: build blue ({BLUE}) gets all work." in promoted.message
        assert "Before: the work went to workers without a version." in promoted.message
        assert routing() == ("blue", None, 0)
        done.rest("blue")
        run(WORKER, "--limit", GREEN)
        done.rest("green beside it")
    work = well(deployment, done, capsys)
    assert "blue" not in done.builds("blue beside it", work)
    assert done.builds("blue", work) == done.builds("green beside it", work) == {"blue"}


def test_green_is_ramped_up_promoted_and_taken_back(
    deployment: Any, run: Play, routing: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with phases(deployment, tmp_path / "load") as done:
        done.rest("blue")
        several = run(PROMOTE, fails=True)
        assert f"temporal_worker_build_id is 'blue' on {BLUE}, 'green' on {GREEN}: only one version" in several.message
        predicted = run(PROMOTE, "--limit", GREEN, "--check", "--diff")
        assert f"build green ({GREEN}) would get all work." in predicted.message
        assert sum(predicted.changed.values()) == 1
        assert routing() == ("blue", None, 0)

        ramped = run(PROMOTE, "--limit", GREEN, promote_percentage=50)
        assert f"build green ({GREEN}) gets 50 % of the work, build blue ({BLUE}) the rest." in ramped.message
        assert routing() == ("blue", "green", 50)
        done.rest("ramped")

        promoted = run(PROMOTE, "--limit", GREEN)
        assert routing() == ("green", None, 0)
        assert sum(promoted.changed.values()) == 1
        assert f"To go back: ansible-playbook playbooks/promote.yml --limit {BLUE}" in promoted.message
        done.rest("green")
        again = run(PROMOTE, "--limit", GREEN)
        assert not any(again.changed.values()), again.changed

        run(PROMOTE, "--limit", BLUE)
        assert routing() == ("blue", None, 0)
        done.rest("blue again")
    work = well(deployment, done, capsys)
    assert done.builds("ramped", work) == {"blue", "green"}
    assert done.builds("green", work) == {"green"}
    assert done.builds("blue again", work) == {"blue"}


def test_what_is_not_well_is_not_promoted(deployment: Any, run: Play, routing: Any) -> None:
    host = testinfra.get_host(f"ansible://{GREEN}", ansible_inventory=str(deployment.inventory))
    host.check_output(f"systemctl stop {SECOND_INSTANCE}")
    unhealthy = run(PROMOTE, "--limit", GREEN, fails=True, temporal_worker_health_timeout=SECONDS_TO_REFUSE)
    assert f"{deployment.hostvars[GREEN]['host_address']}:3001" in unhealthy.message
    assert routing() == ("blue", None, 0)
    host.check_output(f"systemctl start {SECOND_INSTANCE}")

    # It is healthy and polls, but what it does fails: nobody listens there.
    nowhere = f"{deployment.address('standin')}:1"
    run(WORKER, "--limit", GREEN, temporal_worker_runtime_grpc_url=nowhere)
    useless = run(PROMOTE, "--limit", GREEN, fails=True, verify_timeout=SECONDS_TO_REFUSE)
    assert "Build green of deployment aegis-worker did not run the echo workflow" in useless.message
    assert routing() == ("blue", None, 0)
    run(WORKER, "--limit", GREEN)


def test_the_deployment_verifies_with_two_versions(run: Play) -> None:
    run("playbooks/verify.yml")


def test_the_verification_says_when_nobody_has_the_work(deployment: Any, run: Play, tmp_path: Path) -> None:
    """The work goes to workers without a version, of which there are none, as before the first promotion."""
    url = f"http://{deployment.address('temporal')}:7243/api/v1/namespaces/default/worker-deployments/aegis-worker"
    order = {"buildId": "", "ignoreMissingTaskQueues": True, "identity": "a test"}
    requests.post(f"{url}/set-current-version", json=order, timeout=30).raise_for_status()
    report = tmp_path / "verify-report.json"
    try:
        run("playbooks/verify.yml", fails=True, verify_report_path=str(report))
    finally:
        run(PROMOTE, "--limit", BLUE)
    rows = json.loads(report.read_text(encoding="utf-8"))["checks"]
    failed = {row["host"]: row["detail"] for row in rows if row["result"] == "failed"}
    assert set(failed) == {BLUE, GREEN}
    assert all("The work goes to workers without a version, of which none polls." in said for said in failed.values())
    assert [row["id"] for row in rows if row["result"] == "blocked"] == ["schedule"]


def test_drained_hosts_may_go(deployment: Any, run: Play, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drained = f"Drained: build green ({GREEN})."
    with phases(deployment, tmp_path / "load") as done:
        done.rest("blue")
        deadline = time.monotonic() + SECONDS_TO_DRAIN
        while drained not in (told := run(PROMOTE, "--limit", BLUE)).message:
            assert time.monotonic() < deadline, told.message[-2000:]
        assert f"ansible-playbook playbooks/drain.yml --limit {GREEN}" in told.message
        needed = run("playbooks/drain.yml", "--limit", BLUE, fails=True)
        assert "No other worker host runs build blue of deployment aegis-worker, which is the cur" in needed.message
        run("playbooks/drain.yml", "--limit", GREEN)
        gone = run(PROMOTE, "--limit", GREEN, fails=True, temporal_worker_health_timeout=SECONDS_TO_REFUSE)
        assert "3000" in gone.message
        done.rest("green is gone")
    assert done.builds("green is gone", well(deployment, done, capsys)) == {"blue"}
