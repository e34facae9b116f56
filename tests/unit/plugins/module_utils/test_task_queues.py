# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who counts as a poller, and what is said to be missing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import task_queues


def poller(identity: str, age: float | None) -> dict[str, Any]:
    return {"identity": identity, "age": age}


@pytest.mark.parametrize(
    ("workflow", "activity", "min_count", "identities", "missing"),
    [
        ([("a", 1)], [("a", 1)], 1, [], []),
        ([], [], 0, [], []),
        ([], [("a", 1)], 1, [], ["0 of at least 1 workflow pollers"]),
        ([("a", 1), ("b", 91)], [("a", 1), ("b", 2)], 2, [], ["1 of at least 2 workflow pollers"]),
        # One worker with two entries is one worker.
        ([("a", 1), ("a", 2)], [("a", 1), ("b", 1)], 2, [], ["1 of at least 2 workflow pollers"]),
        ([("a", 1)], [("a", 1)], 1, ["b"], ["no workflow poller b", "no activity poller b"]),
        ([("a", None)], [("a", 90)], 1, ["a"], ["0 of at least 1 workflow pollers", "no workflow poller a"]),
    ],
)
def test_shortage(
    workflow: list[tuple[str, float]],
    activity: list[tuple[str, float]],
    min_count: int,
    identities: list[str],
    missing: list[str],
) -> None:
    found = {"workflow": [poller(*one) for one in workflow], "activity": [poller(*one) for one in activity]}
    assert task_queues.shortage(found, 90, min_count, identities) == missing


class Frontend:
    """Gives the recorded answer of a frontend to each request."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.server_time = None

    def get(self, path: str, params: dict[str, str]) -> dict[str, Any]:
        return self.answer


@pytest.mark.parametrize("time", ["2026-11-23T05:39:19.355477711Z", "2026-11-23T05:39:19Z", "2026-11-23T05:39:19.3Z"])
def test_every_precision_of_the_servers_times_is_read(time: str) -> None:
    answer = {"pollers": [{"identity": "a", "lastAccessTime": time}]}
    [found] = task_queues.pollers(Frontend(answer), "default", "q", "workflow")
    assert found["last_access_time"].startswith("2026-11-23T05:39:19")
    assert found["age"] is not None


@pytest.mark.parametrize(
    ("mode", "version"), [("", ("", "")), ("UNVERSIONED", ("", "")), ("VERSIONED", ("deployment", "blue"))]
)
def test_a_poller_tells_its_version_when_it_takes_work_as_one(mode: str, version: tuple[str, str]) -> None:
    named = {
        "deploymentName": "deployment",
        "buildId": "blue",
        "workerVersioningMode": f"WORKER_VERSIONING_MODE_{mode}",
    }
    answer = {"pollers": [{"identity": "a", **({"deploymentOptions": named} if mode else {})}]}
    [found] = task_queues.pollers(Frontend(answer), "default", "q", "workflow")
    assert (found["deployment_name"], found["build_id"]) == version


def test_a_poller_without_time_never_counts() -> None:
    [found] = task_queues.pollers(Frontend({"pollers": [{"identity": "a"}]}), "default", "q", "workflow")
    assert found["age"] is None
    assert not task_queues.is_fresh(found, 10**9)


@pytest.mark.parametrize(
    ("answer", "backlog"),
    [
        # What servers say that do not know the question, an empty queue, and one with tasks.
        ({}, None),
        ({"stats": {"approximateBacklogAge": "0s"}}, {"count": 0, "age": 0.0}),
        (
            {"stats": {"approximateBacklogCount": "12", "approximateBacklogAge": "3.456789s"}},
            {"count": 12, "age": 3.5},
        ),
    ],
)
def test_backlog(answer: dict[str, Any], backlog: dict[str, Any] | None) -> None:
    assert task_queues.pollers_and_backlog(Frontend(answer), "default", "q", "workflow") == ([], backlog)


def test_excess() -> None:
    backlogs = {"workflow": {"count": 2, "age": 0.5}, "activity": {"count": 3, "age": 61.0}}
    assert task_queues.excess(backlogs, 3) == []
    assert task_queues.excess(backlogs, 2) == ["a backlog of 3 activity tasks, the oldest 61 s old (max_backlog is 2)"]
    assert task_queues.excess({"workflow": None}, 0) == []


def test_pollers_of_all_partitions_are_added_and_the_latest_poll_of_each_counts() -> None:
    def entry(identity: str, time: str) -> dict[str, str]:
        return {"identity": identity, "lastAccessTime": time}

    versions = {
        "": {
            "typesInfo": {
                "1": {"pollers": [entry("a", "2020-01-01T00:00:00Z"), entry("b", "2020-01-01T00:00:00Z")]},
                "2": {},
            }
        },
        "1.0": {"typesInfo": {"2": {"pollers": [entry("c", "2020-01-01T00:00:00Z")]}}},
    }
    first = {"workflow": [poller("a", 3), poller("d", None)], "activity": [poller("c", None)]}
    found = task_queues.with_all_partitions(Frontend({"versionsInfo": versions}), "default", "q", first)
    assert [one["identity"] for one in found["workflow"]] == ["a", "b", "d"]
    assert found["workflow"][0] == poller("a", 3)
    assert [(one["identity"], one["age"] is None) for one in found["activity"]] == [("c", False)]


def test_a_server_without_the_older_mode_adds_nothing() -> None:
    found = {"workflow": [poller("a", 3)], "activity": []}
    assert task_queues.with_all_partitions(Frontend({}), "default", "q", found) == found
