# SPDX-License-Identifier: Apache-2.0
"""The SDK's listener. Each test has a process of its own: the SDK takes one runtime for the life of a process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src"


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(SOURCES)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_sdk_serves_its_metrics_on_loopback_only() -> None:
    listening = python("""
from urllib.request import urlopen
from aegis_temporal_worker.sdk_runtime import install_sdk_runtime
port = install_sdk_runtime()
assert urlopen(f"http://127.0.0.1:{port}/metrics").status == 200
for line in open("/proc/self/net/tcp").readlines()[1:]:
    address, state = line.split()[1], line.split()[3]
    if state == "0A" and int(address.partition(":")[2], 16) == port:
        print(address.partition(":")[0])
""")
    assert listening.split() == ["0100007F"]


def test_a_port_that_was_taken_meanwhile_is_replaced() -> None:
    python("""
import socket
from aegis_temporal_worker import sdk_runtime
with socket.socket() as taken:
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    free = sdk_runtime._free_port
    ports = iter([taken.getsockname()[1], free()])
    sdk_runtime._free_port = lambda: next(ports)
    assert sdk_runtime.install_sdk_runtime() != taken.getsockname()[1]
""")


def test_no_port_at_all_is_an_error() -> None:
    python("""
import socket
from aegis_temporal_worker import sdk_runtime
with socket.socket() as taken:
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    sdk_runtime._free_port = lambda: taken.getsockname()[1]
    try:
        sdk_runtime.install_sdk_runtime()
    except ValueError as error:
        assert "in use" in str(error)
    else:
        raise AssertionError("no error")
""")
