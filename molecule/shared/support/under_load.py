# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenarios under load share: the load on a deployment, and which worker took what."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.client import Client
from workflow_load import Figures, RunningLoad
from workflow_load.ledger import read

_NON_DETERMINISTIC: Final = WorkflowTaskFailedCause.Name(
    WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
)


def load_options(deployment: Any, *more: str, without: Collection[str] = ()) -> list[str]:
    """Options of the load: every frontend of the inventory, its first worker, and its stand-in.

    A client of the load has one frontend: ``without`` names the servers that go away for longer than it tries.
    """
    servers = [host for host in deployment.groups["temporal"] if host not in without]
    frontends = [f"--frontend={deployment.hostvars[host]['host_address']}:7233" for host in servers]
    return [
        *frontends,
        f"--register-url={deployment.register_url}",
        f"--orchestrator-ledger=http://{deployment.address('standin')}:8080/standin/ledger",
        *more,
    ]


def accepted_ids(load: RunningLoad) -> list[str]:
    """The runs that were accepted so far, in order."""
    return [entry["id"] for entry in read(load.directory / "ledger.jsonl") if entry["kind"] == "accepted"]


@dataclass(frozen=True)
class Work:
    """What the histories of runs tell of the workers that took them."""

    runs: int
    identities: frozenset[str]
    """The workers that completed a workflow task, as `host:port`."""
    crossed: int
    """Runs that more than one version of the worker worked on: the later one replayed what the other had done."""
    failed_tasks: Mapping[str, int]
    """Workflow tasks that failed, by cause. A run outlives one: the task is done again."""
    builds: Mapping[str, frozenset[str]]
    """By run, the builds of the workers that completed its workflow tasks."""

    @property
    def non_determinism_errors(self) -> int:
        """Workflow tasks that failed because a replay came to other commands than the history has."""
        return self.failed_tasks.get(_NON_DETERMINISTIC, 0)

    def lines(self) -> list[str]:
        """For a person."""
        failed = ", ".join(f"{cause} {count}" for cause, count in sorted(self.failed_tasks.items()))
        return [
            f"of {self.runs} runs {self.crossed} were continued by another version of the worker",
            f"workflow tasks that failed: {failed or 'none'}",
        ]


def work_told(address: str, ids: Sequence[str]) -> Work:
    """Read the history of every one of these runs."""
    return asyncio.run(_work_told(address, ids))


async def _work_told(address: str, ids: Sequence[str]) -> Work:
    client = await Client.connect(address)
    identities: set[str] = set()
    failed: Counter[str] = Counter()
    builds: dict[str, frozenset[str]] = {}
    for name in ids:
        versions = set()
        async for event in client.get_workflow_handle(name).fetch_history_events():
            if event.HasField("workflow_task_completed_event_attributes"):
                completed = event.workflow_task_completed_event_attributes
                identities.add(completed.identity)
                versions.add(completed.worker_version.build_id)
            elif event.HasField("workflow_task_failed_event_attributes"):
                failed[WorkflowTaskFailedCause.Name(event.workflow_task_failed_event_attributes.cause)] += 1
        builds[name] = frozenset(versions)
    crossed = sum(len(versions) > 1 for versions in builds.values())
    return Work(len(ids), frozenset(identities), crossed, dict(failed), builds)


def tell(capsys: Any, directory: Path, figures: Figures, *more: str) -> None:
    """Print the figures of a scenario, whether it passed or not."""
    with capsys.disabled():
        print("\n" + "\n".join([*figures.lines(), *more, f"ledger and figures: {directory}"]))


def all_is_well(load: RunningLoad, capsys: Any, *told: str, again: bool = False) -> Figures:
    """Tell the figures of a load that has ended, and see that it was heavy enough and every run completed once.

    ``again``: commands may have been done again, as the option of this name lets them.
    """
    assert load.figures is not None
    tell(capsys, load.directory, load.figures, *told)
    assert load.figures.valid
    assert load.figures.problems == []
    assert (load.figures.failed, load.figures.lost) == (0, 0)
    assert again or load.figures.repeated == 0
    assert load.figures.completed == load.figures.accepted
    return load.figures
