# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own worker as a process, for tests of the modules that talk to its HTTP API."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from loopback_stack import Database, TemporalStack
from loopback_stack.processes import ManagedProcess, free_ports

_SOURCES = Path(__file__).resolve().parents[3] / "roles/temporal_worker/files/aegis_temporal_worker/src"


@dataclass
class AegisWorker:
    """A running worker. C(token) is what its changing routes want."""

    process: ManagedProcess
    url: str
    token: str
    task_queue: str


@contextmanager
def aegis_worker(stack: TemporalStack, database: Database, directory: Path) -> Iterator[AegisWorker]:
    """Run a worker that keeps its definitions in C(database), until the end; it is healthy when it is given."""
    http, metrics = free_ports(2)
    token, task_queue = "planted-api-token", "aegis-agents-of-a-test"
    secrets = {"pgpass": f"*:*:*:*:{database.password}\n", "token": token}
    for name, content in secrets.items():
        (directory / name).touch(mode=0o600)
        (directory / name).write_text(content)
    process = ManagedProcess(
        "aegis-temporal-worker",
        [sys.executable, "-m", "aegis_temporal_worker"],
        directory / "worker.log",
        environment={
            "PYTHONPATH": str(_SOURCES),
            "TEMPORAL_ADDRESS": stack.address,
            "TEMPORAL_NAMESPACE": stack.namespace,
            "TEMPORAL_TASK_QUEUE": task_queue,
            "DATABASE_URL": f"postgresql://{database.user}@{database.host}:{database.port}/{database.name}",
            "PGPASSFILE": str(directory / "pgpass"),
            "API_TOKEN_FILE": str(directory / "token"),
            "PORT": str(http),
            "METRICS_PORT": str(metrics),
        },
    )
    worker = AegisWorker(process, f"http://127.0.0.1:{http}", token, task_queue)
    try:
        process.wait_until(lambda: requests.get(f"{worker.url}/health", timeout=5).ok, "/health 200")
        yield worker
    finally:
        process.stop()
