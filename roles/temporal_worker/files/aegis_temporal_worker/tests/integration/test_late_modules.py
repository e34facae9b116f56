# SPDX-License-Identifier: Apache-2.0
"""What the worker's process does not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import StartWorker

SOURCES = Path(__file__).parents[2] / "src"
# What each late module imports first.
WITHIN = {
    "multiprocessing.shared_memory",
    "temporalio.api.cloud.cloudservice.v1.request_response_pb2",
    "temporalio.api.operatorservice.v1.request_response_pb2",
    "temporalio.api.testservice.v1.request_response_pb2",
}


def imported(log: str) -> set[str]:
    """The modules in a report of ``-X importtime``."""
    return {line.rpartition("|")[2].strip() for line in log.splitlines() if line.startswith("import time:")}


def test_a_worker_that_polls_has_not_loaded_them(start_worker: StartWorker) -> None:
    worker = start_worker(PYTHONPROFILEIMPORTTIME="1")
    modules = imported(worker.process.log.read_text())
    assert "temporalio.api.workflowservice.v1.request_response_pb2" in modules
    assert not modules & WITHIN


def test_they_are_loaded_when_they_are_used() -> None:
    program = (
        "from aegis_temporal_worker.late_modules import LATE, load_late\n"
        "load_late()\n"
        "import sys, aegis_temporal_worker.service\n"
        "before = set(sys.modules)\n"
        "import multiprocessing.managers as managers\n"
        "from temporalio.api.cloud.cloudservice.v1 import GetUsersRequest\n"
        "from temporalio.api.operatorservice.v1 import ListNexusEndpointsRequest\n"
        "from temporalio.api.testservice.v1 import SleepRequest\n"
        "assert GetUsersRequest(page_size=7).page_size == 7\n"
        "assert managers.SyncManager\n"
        "print(*LATE & before, '|', *set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(SOURCES)}, capture_output=True, text=True, check=True
    )
    named, _, loaded = done.stdout.partition("|")
    assert len(named.split()) == len(WITHIN)
    assert set(loaded.split()) >= WITHIN
