# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A history host that comes back after it was away is reached at once, with the role's dynamic configuration."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import tenacity
from ansible_collections.aegis.temporal.plugins.module_utils.history_shards import read_meant
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_config import dynamic_config
from loopback_stack import PostgresServer, TemporalStack
from loopback_stack.stack import extra_history_host, temporal_stack
from loopback_stack.temporal import TemporalServer

SHARDS = 64
# By then gRPC waits as long as it ever does before it dials an address again, about 10 s.
SECONDS_AWAY = 25
# Enough that some belong to either host.
WORKFLOWS = [f"none-{number}" for number in range(20)]
OF_CLIENTS = "history.clientOwnership"
# These may still find an owner that is none any more.
FIRST_CALLS = 2


def _settings(version: str) -> dict[str, Any]:
    of_the_role = dynamic_config({"temporal_version": version, "temporal_dynamic_config": {}})
    return {name: entries[0]["value"] for name, entries in of_the_role.items() if name.startswith(OF_CLIENTS)}


def _refused(stack: TemporalStack) -> int:
    """How many of the workflows no history host answers for, in a moment: a 404 is an answer."""
    refused = 0
    for workflow in WORKFLOWS:
        try:
            url = f"{stack.http_url}/api/v1/namespaces/default/workflows/{workflow}"
            refused += requests.get(url, timeout=0.5).status_code != requests.codes.not_found
        except requests.Timeout:
            refused += 1
    return refused


def _has_shards(server: TemporalServer) -> bool:
    meant = read_meant(server.metrics_url, timeout=5)
    # A text says why it is not known yet.
    return isinstance(meant, int) and meant > 0


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
