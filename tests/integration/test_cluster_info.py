# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.cluster_info against a real server and its database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from loopback_stack import TemporalStack
from module_testing import Outcome, RecordingProxy

Run = Callable[..., Outcome]


def database(stack: TemporalStack, **other: Any) -> dict[str, Any]:
    """The option for the server's own default store."""
    store = stack.store
    own = {"host": store.host, "port": store.port, "name": store.name, "user": store.user, "password": store.password}
    return {**own, **other}


def test_the_cluster_is_told_and_nothing_is_written(
    temporal_stack: TemporalStack, run: Run, frontend: RecordingProxy
) -> None:
    outcome = run("cluster_info", {})
    assert not outcome.failed, outcome.message
    cluster = outcome["cluster"]
    assert (cluster["server_version"], cluster["history_shards"]) == (temporal_stack.version, 4)
    assert (cluster["name"], cluster["persistence_store"], cluster["visibility_store"]) == (
        "active",
        "postgres12",
        "postgres12",
    )
    assert len(cluster["id"]) == 36
    assert outcome["capabilities"]["supports_schedules"] is True
    assert outcome["members"] == []
    assert (outcome.changed, frontend.writes) == (False, [])


def test_the_members_are_those_of_the_configuration(temporal_stack: TemporalStack, run: Run) -> None:
    outcome = run("cluster_info", {"database": database(temporal_stack)})
    assert not outcome.failed, outcome.message
    found = {(entry["service"], f"{entry['address']}:{entry['membership_port']}") for entry in outcome["members"]}
    for service in ("frontend", "history", "matching", "worker"):
        assert (service, temporal_stack.server.membership_address(service)) in found
    assert any(entry["fresh"] for entry in outcome["members"])
    assert all(entry["age"] >= 0 for entry in outcome["members"])
    assert temporal_stack.store.password not in outcome.output


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"password": "wrong"}, "password authentication failed"),
        ({"port": 9}, "Connection refused"),
        ({"sslmode": "verify-full"}, "cannot be read from"),
    ],
)
def test_a_database_that_does_not_answer(
    temporal_stack: TemporalStack, run: Run, other: dict[str, Any], message: str
) -> None:
    outcome = run("cluster_info", {"database": database(temporal_stack, **other)})
    assert outcome.failed
    assert message in outcome.message
    assert "The option database must name the server's default store" in outcome.message


def test_the_visibility_store_has_no_members(temporal_stack: TemporalStack, run: Run) -> None:
    store = temporal_stack.visibility
    login = {"name": store.name, "user": store.user, "password": store.password}
    outcome = run("cluster_info", {"database": database(temporal_stack, **login)})
    assert 'relation "cluster_membership" does not exist' in outcome.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"database": {"host": "a"}}, "missing required arguments: password"),
        ({"database": {"host": " ", "password": "secret"}}, "database: host must not be empty"),
        ({"database": {"host": "a", "port": 0, "password": "secret"}}, "database: port is 0"),
        ({"database": {"host": "a", "password": "secret", "sslmode": "on"}}, "value of sslmode must be one of"),
        ({"database": {"host": "a", "password": "secret", "ca_path": "/nosuch"}}, "ca_path is '/nosuch'"),
        ({"retries": 99}, "retries is 99"),
    ],
)
def test_bad_options_send_nothing(run: Run, frontend: RecordingProxy, options: dict[str, Any], message: str) -> None:
    outcome = run("cluster_info", options)
    assert outcome.failed
    assert message in outcome.message
    assert frontend.requests == []
