# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One version at a time is promoted, and the way back and the hosts that may go are told."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.promotion import (
    deployments_of,
    leaving_problems,
    problems,
    report,
)


def worker(build: Any, name: str = "aegis", **more: Any) -> dict[str, Any]:
    return {"temporal_worker_deployment_name": name, "temporal_worker_build_id": build, **more}


HOSTVARS = {
    "blue-1": worker("blue"),
    "blue-2": worker("blue", temporal_worker_namespace="default"),
    "green-1": worker("green"),
    "number-1": worker(20261129),
    "elsewhere": worker("blue", temporal_worker_namespace="other"),
    "another": worker("blue", name="other"),
    "plain": {},
    "half": worker(""),
}
WORKERS = list(HOSTVARS)


@pytest.mark.parametrize("hosts", [["blue-1"], ["blue-1", "blue-2"], ["number-1"]])
@pytest.mark.parametrize("share", [None, "", 0, "10", 12.5, 100])
def test_hosts_of_one_version_may_be_promoted(hosts: list[str], share: Any) -> None:
    assert problems(hosts, HOSTVARS, share) == []


@pytest.mark.parametrize(
    ("hosts", "said"),
    [
        (
            ["plain"],
            ["temporal_worker_deployment_name of plain is empty", "temporal_worker_build_id of plain is empty"],
        ),
        (["blue-1", "half"], ["temporal_worker_build_id of half is empty"]),
        (["blue-1", "green-1"], ["temporal_worker_build_id is 'blue' on blue-1, 'green' on green-1: only one version"]),
        (["blue-1", "another"], ["temporal_worker_deployment_name is 'aegis' on blue-1, 'other' on another"]),
        (["blue-1", "elsewhere"], ["temporal_worker_namespace is 'default' on blue-1, 'other' on elsewhere"]),
    ],
)
def test_no_version_and_several_are_refused_with_the_way_out(hosts: list[str], said: list[str]) -> None:
    found = problems(hosts, HOSTVARS)
    for sentence, part in zip(found, said, strict=True):
        assert part in sentence
        assert "--limit" in sentence


@pytest.mark.parametrize("share", [-1, 101, "much", float("nan"), [10]])
def test_a_share_that_is_none_is_named(share: Any) -> None:
    [found] = problems(["blue-1"], HOSTVARS, share)
    assert found.startswith(f"promote_percentage is {share!r}: not a share between 0 and 100.")


def routed(current: str | None, ramping: str | None = None, share: float = 0.0) -> dict[str, Any]:
    return {"current_build_id": current, "ramping_build_id": ramping, "ramp_percentage": share}


def told(
    before: dict[str, Any], after: dict[str, Any], *versions: dict[str, Any], host: str = "green-1", check: bool = False
) -> list[str]:
    promoted = {"changed": before != after, "previous": before, "routing": after}
    return report(promoted, {"versions": versions} if versions else None, [host], WORKERS, HOSTVARS, check)


def old(build: str, status: str, **more: Any) -> dict[str, Any]:
    return {"build_id": build, "status": status, "drainage_checked": "2026-11-29T10:00:00Z", **more}


def test_a_promotion_tells_the_way_back_and_what_drains() -> None:
    draining = old("blue", "draining", running={"pinned": 2, "others": 7})
    first, before, back, drains = told(routed("blue"), routed("green"), draining, old("green", "current"))
    assert first == "Deployment aegis: build green (green-1) gets all work."
    assert before == "Before: the work went to build blue (blue-1, blue-2)."
    assert back == "To go back: ansible-playbook playbooks/promote.yml --limit blue-1,blue-2"
    assert "Draining: build blue (blue-1, blue-2)" in drains
    assert "2 running workflows that are pinned to it, and on 7 that go on elsewhere" in drains


def test_a_ramp_tells_who_gets_the_rest() -> None:
    [first, _before, back] = told(routed("blue"), routed("blue", "green", 12.5))
    assert first.endswith("build green (green-1) gets 12.5 % of the work, build blue (blue-1, blue-2) the rest.")
    assert back.endswith("--limit blue-1,blue-2")


def test_the_end_of_a_ramp_has_no_way_back() -> None:
    assert told(routed("blue", "green", 10), routed("blue"), host="blue-1") == [
        "Deployment aegis: build blue (blue-1, blue-2) gets all work.",
        "Before: the work went to build blue (blue-1, blue-2), 10 % of it to build green (green-1).",
    ]


def test_check_mode_says_would() -> None:
    assert "would get all work" in told(routed("blue"), routed("green"), check=True)[0]
    assert "gets all work" in told(routed("green"), routed("green"), check=True)[0]


def test_a_version_without_hosts_is_no_way_back() -> None:
    assert "no way back" in told(routed("gone"), routed("green"))[-1]


def test_workers_without_a_version_are_a_way_back() -> None:
    assert "state: unversioned" in told(routed(None), routed("green"))[-1]


def test_drained_hosts_may_go() -> None:
    lines = told(
        routed("green"), routed("green"), old("blue", "drained"), old("gone", "drained"), old("new", "inactive")
    )
    assert lines[1:] == [
        "Drained: build blue (blue-1, blue-2). No workflow needs its workers: "
        "ansible-playbook playbooks/drain.yml --limit blue-1,blue-2"
    ]


def test_each_deployment_is_asked_once() -> None:
    assert deployments_of(["blue-1", "green-1", "plain", "half", "elsewhere", "another"], HOSTVARS) == [
        {"namespace": "default", "name": "aegis"},
        {"namespace": "default", "name": "other"},
        {"namespace": "other", "name": "aegis"},
    ]


PINNED = {"running": {"pinned": 3, "others": 0}}


@pytest.mark.parametrize(
    ("leaving", "entry", "said"),
    [
        (["green-1"], old("green", "current"), "build green of deployment aegis, which is the current version"),
        (["green-1"], old("green", "ramping"), "which is ramped up"),
        (["green-1"], old("green", "draining", **PINNED), "to which 3 running workflows are pinned"),
        (["blue-1", "blue-2"], old("blue", "current"), "build blue of deployment aegis, which is the current version"),
        # Nobody needs it, or another host has it, or it is of another deployment.
        (["green-1"], old("green", "draining", running={"pinned": 0, "others": 5}), None),
        (["green-1"], old("green", "drained"), None),
        (["green-1"], old("blue", "current"), None),
        (["blue-1"], old("blue", "current"), None),
        (["elsewhere"], old("blue", "current"), None),
        (["plain"], old("blue", "current"), None),
    ],
)
def test_the_last_workers_of_a_version_with_work_stay(
    leaving: list[str], entry: dict[str, Any], said: str | None
) -> None:
    described = [({"namespace": "default", "name": "aegis"}, [{"versions": [entry]}])]
    found = leaving_problems(leaving, WORKERS, HOSTVARS, described, "remove_last")
    assert len(found) == (said is not None)
    assert said is None or (said in found[0] and "remove_last=true" in found[0])
