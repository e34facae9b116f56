# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A history host that dies or falls silent is given up, and reached at once when it is back: the role's settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import tenacity
from ansible_collections.aegis.temporal.plugins.module_utils.history_shards import read_meant
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_config import client_connection, dynamic_config
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import SERVICES
from loopback_stack import PostgresServer, TemporalStack
from loopback_stack.stack import extra_history_host, temporal_stack
from loopback_stack.temporal import TemporalServer

SHARDS = 64
# By then gRPC waits as long as it ever does before it dials an address again, about 10 s, and TCP for longer than that
# before it sends again what was not acknowledged.
SECONDS_AWAY = 25
# As long as the SDKs' clients wait for an answer.
PATIENCE = 30
# A group that no other process has.
GROUP = 29734
# Enough that some belong to either host.
WORKFLOWS = [f"none-{number}" for number in range(20)]
OF_CLIENTS = ("history.clientOwnership", "system.enableInternodeClient")
# These may still find an owner that is none any more.
FIRST_CALLS = 2


def _settings(version: str) -> dict[str, Any]:
    of_the_role = dynamic_config({"temporal_version": version, "temporal_dynamic_config": {}})
    return {name: entries[0]["value"] for name, entries in of_the_role.items() if name.startswith(OF_CLIENTS)}


def _answers(stack: TemporalStack, workflow: str, seconds: float) -> bool:
    """Whether a history host answers for the workflow in that time: a 404 is an answer."""
    try:
        url = f"{stack.http_url}/api/v1/namespaces/default/workflows/{workflow}"
        return requests.get(url, timeout=seconds).status_code == requests.codes.not_found
    except requests.Timeout:
        return False


def _refused(stack: TemporalStack) -> int:
    """How many of the workflows no history host answers for in a moment."""
    return sum(not _answers(stack, workflow, 0.5) for workflow in WORKFLOWS)


def _has_shards(server: TemporalServer) -> bool:
    """Whether the server means to own some of the shards, and others are left to another."""
    meant = read_meant(server.metrics_url, timeout=5)
    # A text says why it is not known yet.
    return isinstance(meant, int) and 0 < meant < SHARDS


def _wait_until(found: Callable[[], bool]) -> None:
    patient = tenacity.Retrying(
        stop=tenacity.stop_after_delay(90),
        wait=tenacity.wait_fixed(0.2),
        retry=tenacity.retry_if_result(lambda is_so: not is_so),
    )
    patient(found)


def test_a_host_that_was_away_is_reached_when_it_has_its_shards(
    request: pytest.FixtureRequest, loopback_directory: Path, postgres_server: PostgresServer
) -> None:
    version = str(request.config.getoption("--temporal-version"))
    settings = _settings(version)
    overrides = {"persistence": {"numHistoryShards": SHARDS}}
    with (
        temporal_stack(postgres_server, loopback_directory, version, overrides, settings) as stack,
        extra_history_host(stack, loopback_directory, SHARDS, settings) as second,
    ):
        second.start()
        _wait_until(lambda: _has_shards(second) and not _refused(stack))
        second.stop()
        _wait_until(lambda: not _refused(stack))
        time.sleep(SECONDS_AWAY)
        second.start()
        _wait_until(lambda: _has_shards(second))
        refused = [_refused(stack) for _look in range(3)]
    # Without the settings nothing of the second host is reached for seconds: [10, 10, 10], and 10 at the least.
    assert sum(refused) <= FIRST_CALLS, refused


def test_a_host_that_falls_silent_is_given_up_and_reached_when_it_is_back(
    request: pytest.FixtureRequest, loopback_directory: Path, postgres_server: PostgresServer
) -> None:
    version = str(request.config.getoption("--temporal-version"))
    connection = client_connection(version)
    if not connection:
        pytest.skip(f"{version} has no setting for connections between services: it is since 1.29")
    settings = _settings(version)
    services = {name: {"rpc": connection} for name in SERVICES if name != "internal-frontend"}
    overrides = {"persistence": {"numHistoryShards": SHARDS}, "services": services}
    with (
        temporal_stack(postgres_server, loopback_directory, version, overrides, settings) as stack,
        extra_history_host(stack, loopback_directory, SHARDS, settings, group=GROUP) as second,
    ):
        second.start()
        _wait_until(lambda: _has_shards(second) and not _refused(stack))
        with second.without_network(), ThreadPoolExecutor(len(WORKFLOWS)) as pool:
            begun = time.monotonic()
            # Its connections break, when nothing else tells that it is gone.
            answers = list(pool.map(lambda workflow: _answers(stack, workflow, PATIENCE), WORKFLOWS))
            time.sleep(max(begun + SECONDS_AWAY - time.monotonic(), 0))
        _wait_until(lambda: _has_shards(stack.server))
        refused = [_refused(stack) for _look in range(3)]
    assert all(answers), answers
    assert sum(refused) <= FIRST_CALLS, refused
