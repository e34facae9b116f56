# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes die, a network is cut, a disk is full while workflows start: every one completes, none is done twice.

The definition says that a command may be done again that was lost with its worker: that is what `repeated` counts here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import testinfra
import workflow_load
from under_load import all_is_well, load_options
from units import kill_and_wait, main_pid, units_of, wait_for_another

GROUPS = ("postgres", "temporal", "temporal_ui", "temporal_worker")
# The faults hit a deployment that works: so many runs start after each.
STARTS_BETWEEN = 20
SECONDS_BETWEEN = 300
CUT_SECONDS = 30
_PSQL = "runuser -u postgres -- psql --no-psqlrc --tuples-only --no-align --command"

Fault = Callable[[], str]


def _processes(deployment: Any, host_of: Callable[[str], Any]) -> Iterator[Fault]:
    """SIGKILL of the main process of every unit of the deployment."""
    for name in sorted({name for group in GROUPS for name in deployment.groups[group]}):
        host = host_of(name)
        for _group, unit in units_of(host, deployment):

            def kill(host: Any = host, unit: str = unit, name: str = name) -> str:
                kill_and_wait(host, unit)
                return f"{unit} of {name} was killed"

            yield kill


def _backend(host: Any) -> str:
    """SIGKILL of one connection's process, for which PostgreSQL ends all others and recovers."""
    started = "SELECT backend_start FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
    before = host.check_output(f'{_PSQL} "{started}"')
    pid = host.check_output(f"{_PSQL} \"SELECT pid FROM pg_stat_activity WHERE usename = 'temporal' LIMIT 1\"")
    host.check_output(f"kill -9 {int(pid)}")
    deadline = time.monotonic() + SECONDS_BETWEEN
    while host.run(f'{_PSQL} "{started}"').stdout.strip() in ("", before):
        assert time.monotonic() < deadline, "PostgreSQL did not begin anew after the death of a backend"
        time.sleep(0.5)
    return f"a backend of PostgreSQL (pid {int(pid)}) was killed, and all its processes began anew"


def _restart(host: Any, unit: str) -> str:
    before = main_pid(host, unit)
    host.check_output(f"systemctl restart {unit}")
    wait_for_another(host, unit, before)
    return f"{unit} was restarted"


def _cut(host: Any, name: str, peer: str, before_it_is_back: Callable[[], None] = lambda: None) -> str:
    """Take the host off the network; it is asked through the container engine, which needs none."""
    reaches = f"timeout 3 python3 -c \"import socket; socket.create_connection(('{peer}', 5432), 2)\""
    assert host.run(reaches).rc == 0
    host.check_output("ip link set eth0 down")
    try:
        assert host.run(reaches).rc != 0, "it still reaches the database"
        time.sleep(CUT_SECONDS)
        before_it_is_back()
    finally:
        host.check_output("ip link set eth0 up")
    assert host.run(reaches).rc == 0
    return f"{name} was without network for {CUT_SECONDS} s"


def _given_up(database: Any, address: str) -> None:
    """PostgreSQL has ended the sessions of a client that is silent, whose locks would keep others waiting."""
    left = database.check_output(f"{_PSQL} \"SELECT count(*) FROM pg_stat_activity WHERE client_addr = '{address}'\"")
    assert left == "0", f"{left} sessions of {address} after {CUT_SECONDS} s"


def _full_disk(host: Any, name: str, rest: Callable[[], None]) -> str:
    """Fill what a worker's host writes to (`/tmp` and `/run`, memory here), and leave it so for a while."""
    paths = ("/tmp", "/run")
    try:
        for path in paths:
            host.check_output(f"mount -o remount,size=16M {path}")
            # It ends with an error, which is the point.
            host.run(f"cat /dev/zero > {path}/filled")
            assert host.run(f"sh -c 'echo one > {path}/more'").rc != 0, f"{path} is not full"
        rest()
    finally:
        for path in paths:
            host.check_output(f"rm -f {path}/filled {path}/more && mount -o remount,size=50% {path}")
    return f"the disk of {name} was full"


def test_every_fault_is_survived(deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def host_of(name: str) -> Any:
        return testinfra.get_host(f"ansible://{name}", ansible_inventory=str(deployment.inventory))

    def rest() -> None:
        load.more(STARTS_BETWEEN, SECONDS_BETWEEN)

    database = host_of(deployment.groups["postgres"][0])
    peer = deployment.address("postgres")
    server, worker = deployment.groups["temporal"][-1], deployment.groups["temporal_worker"][-1]
    servers_address = deployment.hostvars[server]["host_address"]
    cluster = next(unit for _group, unit in units_of(database, deployment))
    faults: list[Fault] = [
        *_processes(deployment, host_of),
        lambda: _backend(database),
        lambda: _restart(database, cluster),
        lambda: _cut(host_of(worker), worker, peer),
        lambda: _cut(host_of(server), server, peer, lambda: _given_up(database, servers_address)),
        lambda: _full_disk(host_of(worker), worker, rest),
    ]
    told = []
    # A client of the load has one frontend. One that knows only the server that is cut off starts nothing meanwhile,
    # which would say nothing of the workflows.
    options = load_options(deployment, "--again", without=[server])
    with workflow_load.running(tmp_path / "load", options) as load:
        rest()
        for fault in faults:
            told.append(fault())
            rest()
    all_is_well(load, capsys, *told, again=True)
