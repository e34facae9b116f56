# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.history_shards against real servers, one of which is stopped, killed and started."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import tenacity
from loopback_stack import PostgresServer, TemporalStack
from loopback_stack.binaries import find_health_probe
from loopback_stack.stack import extra_history_host, temporal_stack
from loopback_stack.temporal import TemporalServer
from module_testing import Outcome, ok, run_module

# As many as the role's default, which move within seconds.
SHARDS = 512
# One after the other: longer than it takes to look.
SLOWLY = {"history.acquireShardConcurrency": 1}


def _database(stack: TemporalStack, **other: Any) -> dict[str, Any]:
    store = stack.store
    own = {"host": store.host, "port": store.port, "name": store.name, "user": store.user, "password": store.password}
    return {**own, **other}


def _shards(stack: TemporalStack, shards: int = SHARDS, **other: Any) -> Outcome:
    return run_module("history_shards", {"database": _database(stack), "history_shards": shards, **other})


@pytest.fixture(scope="module")
def cluster(
    request: pytest.FixtureRequest, loopback_directory: Path, postgres_server: PostgresServer
) -> Iterator[TemporalStack]:
    """A server with many shards."""
    version = str(request.config.getoption("--temporal-version"))
    overrides = {"persistence": {"numHistoryShards": SHARDS}}
    with temporal_stack(postgres_server, loopback_directory, version, overrides) as running:
        yield running


@pytest.fixture
def second(cluster: TemporalStack, loopback_directory: Path) -> Iterator[TemporalServer]:
    """Another host with the service history, which has taken its shards."""
    with extra_history_host(cluster, loopback_directory, SHARDS, SLOWLY) as server:
        server.start()
        _every_host_has_its_share(ok(_shards(cluster)))
        yield server


def _every_host_has_its_share(settled: Outcome) -> None:
    assert len(settled["owned"]) == 2
    assert min(settled["owned"].values()) > 0
    assert sum(settled["owned"].values()) == SHARDS


def _connection(stack: TemporalStack) -> Any:
    store = stack.store
    return psycopg2.connect(
        host=store.host, port=store.port, dbname=store.name, user=store.user, password=store.password
    )


def _some_shards_of(stack: TemporalStack, host: str) -> tuple[int, ...]:
    with closing(_connection(stack)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT shard_id FROM shards WHERE encode(data, 'escape') LIKE %s ORDER BY shard_id LIMIT 3",
            (f"%{host}:%",),
        )
        return tuple(shard for (shard,) in cursor.fetchall())


@contextmanager
def _nobody_writes(stack: TemporalStack, shards: tuple[int, ...]) -> Iterator[None]:
    """Hold what a new owner needs, as a database that is slow to write does."""
    with closing(_connection(stack)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT shard_id FROM shards WHERE shard_id IN %s FOR UPDATE", (shards,))
        yield


def _health(server: TemporalServer, wait_timeout: float) -> Outcome:
    target = {"service": "history", "address": server.grpc_address("history")}
    options = {"targets": [target], "probe": str(find_health_probe()), "wait_timeout": wait_timeout}
    return run_module("service_health", options)


def _membership(stack: TemporalStack, server: TemporalServer, since: float) -> Outcome:
    address, _colon, port = server.membership_address("history").rpartition(":")
    expected = {"service": "history", "address": address, "membership_port": int(port)}
    # With the time that the module takes to start.
    expected["max_session_age"] = time.monotonic() - since + 10
    return run_module("cluster_members", {"database": _database(stack), "expected": [expected], "exact": False})


def test_a_restarted_host_counts_only_with_its_shards(cluster: TemporalStack, second: TemporalServer) -> None:
    late = _some_shards_of(cluster, second.host)
    second.stop()
    taken_over = tenacity.Retrying(
        stop=tenacity.stop_after_delay(60), retry=tenacity.retry_if_result(lambda all_: not all_)
    )
    taken_over(lambda: _shards(cluster, wait=False)["owned"][cluster.server.host] == SHARDS)
    process = {"address": second.host, "metrics_url": second.metrics_url}
    with _nobody_writes(cluster, late):
        since = time.monotonic()
        second.start()
        ok(_membership(cluster, second, since))
        # Before 1.28, health and membership say that it is back, whether it has its shards or not.
        assert _health(second, wait_timeout=10).failed is not cluster.is_older_than("1.28")
        waited = _shards(cluster, processes=[process], settle=0, wait_timeout=30)
        assert waited.failed
        has = waited["owned"][second.host]
        assert waited["missing"] == [f"{second.host} owns {has} and means to own {has + len(late)}"]
    settled = ok(_shards(cluster, processes=[process], settle=0))
    assert (settled["missing"], settled.changed) == ([], False)
    _every_host_has_its_share(settled)
    ok(_health(second, wait_timeout=60))


def test_shards_of_a_process_that_was_killed_are_not_taken_for_those_of_the_next(
    cluster: TemporalStack, second: TemporalServer
) -> None:
    late = _some_shards_of(cluster, second.host)
    second.kill()
    # Until the next process is a member, the killed one counts as alive: its heartbeat is still fresh.
    told = tenacity.Retrying(
        stop=tenacity.stop_after_delay(60), retry=tenacity.retry_if_result(lambda look: not look.failed)
    )
    with _nobody_writes(cluster, late):
        second.start()
        # Health is not waited for: with these rows it is the table that has to tell.
        look = told(lambda: _shards(cluster, wait=False))
    assert f"still belong to a process of {second.host} that has ended" in look.message
    _every_host_has_its_share(ok(_shards(cluster)))


def test_a_cluster_of_one_host(temporal_stack: TemporalStack) -> None:
    outcome = ok(_shards(temporal_stack, 4))
    assert outcome["owned"] == {temporal_stack.server.host: 4}
    assert temporal_stack.store.password not in outcome.output


def test_a_shard_too_many_is_missed(temporal_stack: TemporalStack) -> None:
    outcome = _shards(temporal_stack, 5, wait_timeout=5)
    assert outcome.failed
    assert outcome["missing"] == ["1 of 5 have never had an owner"]
    foretold = run_module("history_shards", {"database": _database(temporal_stack), "history_shards": 5}, check=True)
    assert not foretold.failed
    assert "would have no settled owners: 1 of 5 have never had an owner." in foretold.warnings


def test_wrong_options_are_told(temporal_stack: TemporalStack) -> None:
    assert "history_shards is 0: it must be 1 or more" in _shards(temporal_stack, 0).message
    assert "settle is 9.0: it must be between 0 and wait_timeout, 5.0" in (
        _shards(temporal_stack, 4, settle=9, wait_timeout=5).message
    )
    wrong = run_module("history_shards", {"database": _database(temporal_stack, password="wrong"), "history_shards": 4})
    assert "The history shards cannot be read from" in wrong.message
    assert "password authentication failed" in wrong.message
