# SPDX-License-Identifier: Apache-2.0
"""The C library's allocator after ``keep_little``, asked by its own report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src"

# malloc_info(3) writes one <heap> for each pool. Threads at work at once each want one of their own.
REPORT = """
import ctypes, sys, threading
from aegis_temporal_worker.allocator import keep_little
if sys.argv[1] == "little":
    keep_little()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(6)
def allocate():
    together.wait()
    libc.malloc(100_000)
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""


def pools(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", REPORT, how],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.count("<heap nr=")


@pytest.mark.skipif(sys.platform != "linux", reason="the options are glibc's")
def test_threads_share_two_pools() -> None:
    assert pools("as it is") > 2
    assert pools("little") <= 2
