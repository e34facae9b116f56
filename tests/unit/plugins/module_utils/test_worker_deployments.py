# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Worker deployments: what the server's answers mean, what is wanted, and which writes lead there."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import worker_deployments as deployments
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from hypothesis import given
from hypothesis import strategies as st


def routed(current: str | None, ramping: str | None = None, share: float = 0.0) -> dict[str, Any]:
    return {"current_build_id": current, "ramping_build_id": ramping, "ramp_percentage": share}


def answer(**config: Any) -> dict[str, Any]:
    return {"conflictToken": "AQ==", "workerDeploymentInfo": {"name": "d", "routingConfig": config}}


def version(build: str) -> dict[str, str]:
    return {"deploymentName": "d", "buildId": build}


@pytest.mark.parametrize(
    ("config", "routing"),
    [
        ({"currentVersion": "__unversioned__"}, routed(None)),
        ({"currentDeploymentVersion": version("1")}, routed("1")),
        ({"currentDeploymentVersion": version("1"), "rampingDeploymentVersion": version("2")}, routed("1", "2")),
        (
            {"rampingDeploymentVersion": version("2"), "rampingVersionPercentage": 10.5},
            routed(None, "2", 10.5),
        ),
        # A ramp that leads to workers without a version.
        (
            {
                "currentDeploymentVersion": version("1"),
                "rampingVersion": "__unversioned__",
                "rampingVersionPercentage": 5,
            },
            routed("1", None, 5.0),
        ),
    ],
)
def test_routing_is_read(config: dict[str, Any], routing: dict[str, Any]) -> None:
    assert deployments.routing(deployments.summary(answer(**config))) == routing


def test_only_what_is_under_way_is_not_propagated() -> None:
    content = answer()
    assert deployments.summary(content)["propagated"]
    for state, propagated in (("IN_PROGRESS", False), ("COMPLETED", True), ("UNSPECIFIED", True)):
        content["workerDeploymentInfo"]["routingConfigUpdateState"] = f"ROUTING_CONFIG_UPDATE_STATE_{state}"
        assert deployments.summary(content)["propagated"] is propagated


def test_a_version_with_work_has_no_time_of_drainage() -> None:
    content = answer()
    seen = {"lastCheckedTime": "2026-11-29T10:00:00Z"}
    content["workerDeploymentInfo"]["versionSummaries"] = [
        {"deploymentVersion": version("2"), "status": "WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT", "drainageInfo": seen},
        {
            "deploymentVersion": version("1"),
            "status": "WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING",
            "drainageInfo": {**seen, "status": "VERSION_DRAINAGE_STATUS_DRAINING"},
        },
    ]
    old, current = deployments.summary(content)["versions"]
    assert (old["build_id"], old["status"], old["drainage_checked"]) == ("1", "draining", "2026-11-29T10:00:00Z")
    assert (current["build_id"], current["status"], current["drainage_checked"]) == ("2", "current", "")


@pytest.mark.parametrize("live", [routed(None), routed("1"), routed("1", "2", 5), routed(None, "2", 5)])
def test_what_is_wanted(live: dict[str, Any]) -> None:
    assert deployments.wanted("current", "3", None, live) == routed("3")
    assert deployments.wanted("unversioned", None, None, live) == routed(None)
    assert deployments.wanted("ramping", "3", 10, live) == routed(live["current_build_id"], "3", 10)


def test_what_is_current_cannot_ramp() -> None:
    with pytest.raises(Problem, match="Build '1' is the current version already"):
        deployments.wanted("ramping", "1", 10, routed("1"))


class Frontend:
    """Notes the writes."""

    def __init__(self) -> None:
        self.writes: list[tuple[str, dict[str, Any]]] = []

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.writes.append((path.rsplit("/", 1)[1], body))
        return {"conflictToken": "Ag=="}


@pytest.mark.parametrize(
    ("live", "after", "writes"),
    [
        (routed("1"), routed("2"), [("set-current-version", "2", None)]),
        # The server ends the ramp of what becomes the current one by itself.
        (routed("1", "2", 50), routed("2"), [("set-current-version", "2", None)]),
        (routed("1", "3", 50), routed("2"), [("set-current-version", "2", None), ("set-ramping-version", "", 0.0)]),
        (routed("1", "2", 50), routed("1"), [("set-ramping-version", "", 0.0)]),
        (routed("1", None, 50), routed("1"), [("set-ramping-version", "", 0.0)]),
        (routed("1"), routed("1", "2", 10), [("set-ramping-version", "2", 10)]),
        (routed("1", "3", 50), routed(None), [("set-current-version", "", None), ("set-ramping-version", "", 0.0)]),
    ],
)
def test_each_way_has_its_writes(
    live: dict[str, Any], after: dict[str, Any], writes: list[tuple[str, str, float | None]]
) -> None:
    frontend = Frontend()
    deployments.route(frontend, "default", "d", {**live, "conflict_token": "AQ=="}, after, False)
    assert [(what, body["buildId"], body.get("percentage")) for what, body in frontend.writes] == writes
    # Each names what was read before it.
    assert [body["conflictToken"] for _what, body in frontend.writes] == ["AQ==", "Ag=="][: len(writes)]


@given(st.floats(0, 100))
def test_what_the_server_stored_is_no_difference(share: float) -> None:
    [stored] = struct.unpack("f", struct.pack("f", share))
    assert deployments.alike(routed("1", "2", share), routed("1", "2", stored))


def test_another_build_is_a_difference() -> None:
    assert not deployments.alike(routed("1"), routed("2"))
    assert not deployments.alike(routed("1", "2", 5), routed("1", "3", 5))
    assert not deployments.alike(routed("1", "2", 5), routed("1", "2", 6))


@pytest.mark.parametrize("value", [-0.1, 100.1, float("nan")])
def test_a_share_that_is_none_is_named(value: float) -> None:
    with pytest.raises(Problem, match=r"ramp_percentage is .*: it must be between 0 and 100"):
        deployments.check_percentage("ramp_percentage", value)
