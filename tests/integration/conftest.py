# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the integration tests: the modules against a real Temporal Server and real workers."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from loopback_stack import PostgresServer, TemporalStack
from loopback_stack.processes import ManagedProcess
from module_testing import (
    AegisWorker,
    Outcome,
    RecordingProxy,
    aegis_worker,
    echo_worker,
    recording_proxy,
    run_module,
)

pytest_plugins = ["loopback_stack.plugin"]

RunModule = Callable[..., Outcome]
StartWorker = Callable[..., ManagedProcess]

_numbers = itertools.count(1)


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Makes names that no other test uses."""
    return lambda stem: f"{stem}-{next(_numbers)}"


@pytest.fixture
def frontend(temporal_stack: TemporalStack) -> Iterator[RecordingProxy]:
    """The server's HTTP API behind a proxy that counts requests."""
    with recording_proxy(temporal_stack.http_url) as proxy:
        yield proxy


@pytest.fixture
def run(temporal_stack: TemporalStack, frontend: RecordingProxy) -> RunModule:
    """Runs a module against the server, through the counting proxy: ``run("namespace", {...}, check=True)``."""

    def run_it(name: str, options: dict[str, Any], **how: Any) -> Outcome:
        return run_module(name, {"http_url": frontend.url, "address": temporal_stack.address, **options}, **how)

    return run_it


@pytest.fixture
def needs_server(temporal_stack: TemporalStack) -> Callable[[str, str], None]:
    """Skips the test on older servers: ``needs_server("1.25", "Nexus endpoints")``."""

    def check(least: str, what: str) -> None:
        if temporal_stack.is_older_than(least):
            pytest.skip(f"{what} need Temporal Server {least}")

    return check


@pytest.fixture
def begin(run: RunModule, unique: Callable[[str], str]) -> Callable[..., Outcome]:
    """Starts an echo workflow on a queue without waiting: ``begin("queue", {"sleep": 60})``."""

    def begin_it(task_queue: str, order: dict[str, Any], **more: Any) -> Outcome:
        options = {"task_queue": task_queue, "workflow_type": "echo", "input": [order], "wait": False}
        # Nothing that a test leaves behind runs for ever.
        outcome = run("workflow_run", {"workflow_id": unique("begun"), "execution_timeout": "10m", **options, **more})
        assert not outcome.failed, outcome.message
        return outcome

    return begin_it


@pytest.fixture(scope="module")
def real_worker(
    temporal_stack: TemporalStack, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AegisWorker]:
    """The collection's own worker, with an empty database."""
    database = postgres_server.create_database(f"definitions_{next(_numbers)}")
    with aegis_worker(temporal_stack, database, tmp_path_factory.mktemp("aegis-worker")) as running:
        yield running


@pytest.fixture
def worker_api(real_worker: AegisWorker) -> Iterator[RecordingProxy]:
    """The worker's HTTP API behind a proxy that counts requests."""
    with recording_proxy(real_worker.url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def start_worker(temporal_stack: TemporalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartWorker]:
    """Starts a worker process and gives it back; all are ended after the tests of the file."""
    with ExitStack() as started:

        def start(
            task_queue: str, identity: str, namespace: str = "default", version: tuple[str, ...] = ()
        ) -> ManagedProcess:
            log: Path = tmp_path_factory.mktemp("worker") / "log"
            script = str(echo_worker.__file__)
            process = ManagedProcess(
                f"worker {identity}",
                [sys.executable, script, temporal_stack.address, namespace, task_queue, identity, *version],
                log,
            )
            started.callback(process.stop)
            polling = run_module(
                "pollers",
                {
                    "http_url": temporal_stack.http_url,
                    "namespace": namespace,
                    "task_queue": task_queue,
                    "identities": [identity],
                },
            )
            assert not polling.failed, f"{polling.message}\n{process.log_tail()}"
            return process

        yield start
