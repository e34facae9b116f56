# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.cluster_members against a real server's table."""

from __future__ import annotations

from typing import Any

from loopback_stack import TemporalStack
from module_testing import Outcome, run_module

SERVICES = ("frontend", "history", "matching", "worker")


def _expected(stack: TemporalStack) -> list[dict[str, Any]]:
    found = []
    for service in SERVICES:
        address, _colon, port = stack.server.membership_address(service).rpartition(":")
        found.append({"service": service, "address": address, "membership_port": int(port)})
    return found


def _database(stack: TemporalStack, **other: Any) -> dict[str, Any]:
    store = stack.store
    own = {"host": store.host, "port": store.port, "name": store.name, "user": store.user, "password": store.password}
    return {**own, **other}


def _run(stack: TemporalStack, expected: list[dict[str, Any]], **other: Any) -> Outcome:
    return run_module("cluster_members", {"database": _database(stack), "expected": expected, **other})


def test_the_members_of_a_running_cluster(temporal_stack: TemporalStack) -> None:
    outcome = _run(temporal_stack, _expected(temporal_stack))
    assert not outcome.failed, outcome.message
    assert (outcome.changed, outcome["missing"], outcome["unexpected"]) == (False, [], [])
    assert temporal_stack.store.password not in outcome.output


def test_one_too_many_and_one_missing(temporal_stack: TemporalStack) -> None:
    expected = _expected(temporal_stack)
    stranger = {"service": "history", "address": "192.0.2.9", "membership_port": 6934}
    outcome = _run(temporal_stack, [*expected[:3], stranger], wait=False)
    assert outcome.failed
    assert outcome["missing"] == ["history 192.0.2.9:6934"]
    assert [name.split()[0] for name in outcome["unexpected"]] == ["worker"]
    assert "Missing: history 192.0.2.9:6934. Not expected: worker" in outcome.message


def test_a_wrong_password_is_told_and_nobody_expected_is_refused(temporal_stack: TemporalStack) -> None:
    database = _database(temporal_stack, password="wrong")
    arguments = {"database": database, "expected": _expected(temporal_stack)}
    assert "password authentication failed" in run_module("cluster_members", arguments).message
    assert "expected is empty" in _run(temporal_stack, []).message
