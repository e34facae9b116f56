# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers and user interfaces behind HAProxy, in an order in which each test finds what it needs."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import workflow_load
from playbook import Run, playbook, site
from under_load import all_is_well, load_options

SERVERS = ("molecule-haproxy-server-1", "molecule-haproxy-server-2")
PROXY = "molecule-haproxy-proxy"
WORKER = "molecule-haproxy-worker"
WORKER_UNIT = "aegis-temporal-worker@0.service"
CONFIG = "/etc/haproxy/haproxy.cfg"
UI_NAMESPACE = "http://127.0.0.1:8233/api/v1/namespaces/default"
DEADLINE_SECONDS = 90

_ASK_SOCKET = """
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect("/run/haproxy/admin.sock")
connection.sendall(sys.argv[1].encode() + b"\\n")
print(b"".join(iter(lambda: connection.recv(65536), b"")).decode())
"""


def _on(host: str, command: str) -> str:
    done = subprocess.run(["docker", "exec", host, "sh", "-euc", command], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _socket(command: str) -> str:
    return _on(PROXY, f"python3 -c {shlex.quote(_ASK_SOCKET)} {shlex.quote(command)}")


def _property(host: str, unit: str, name: str) -> str:
    return _on(host, f"systemctl show --property={name} --value {unit}")


def _wait(what: str, found: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not found():
        assert time.monotonic() < deadline, what
        time.sleep(0.5)


def _backends() -> dict[str, str]:
    """By server, what HAProxy says of it."""
    rows = [line.split(",") for line in _socket("show stat").splitlines() if line.startswith("temporal-frontend,")]
    return {row[1]: row[17] for row in rows if row[1] not in ("FRONTEND", "BACKEND")}


def _all_up() -> bool:
    return _backends() == dict.fromkeys(SERVERS, "UP")


def _peers(unit: str) -> dict[str, str]:
    """Of a unit of the worker's host, its own address of each connection to port 7233, and where that leads."""
    pid = _property(WORKER, unit, "MainPID")
    lines = _on(WORKER, "ss -Htnp state established '( dport = :7233 )'").splitlines()
    return {line.split()[2]: line.split()[3] for line in lines if f"pid={pid}," in line}


def _frontend_in_use() -> str:
    """The server to which HAProxy leads the worker; empty where the worker has no connection just now."""
    own = _peers(WORKER_UNIT)
    for line in _socket("show sess").splitlines():
        found = re.search(r" src=(\S+) .*\bsrv=(\S+)", line)
        if found and found[1] in own and found[2] in SERVERS:
            return found[2]
    return ""


def _succeeds(run: Run) -> Run:
    assert run.status == 0, run.output[-5000:]
    return run


def _changed(run: Run) -> dict[str, int]:
    return {host: changed for host, changed in _succeeds(run).changed.items() if changed}


def _ui_answers() -> None:
    _on(WORKER, f"python3 -c 'from urllib.request import urlopen; urlopen(\"{UI_NAMESPACE}\", timeout=20)'")


def test_worker_and_user_interface_reach_the_frontends_through_the_proxy_alone(deployment: Any) -> None:
    address = deployment.address("haproxy")
    listed = _on(WORKER, "getent ahostsv4 temporal-frontend | awk '/STREAM/ {print $1}'").split()
    assert listed == [address]
    _ui_answers()
    _wait("worker and UI have connections", lambda: bool(_peers(WORKER_UNIT) and _peers("temporal-ui.service")))
    for unit in (WORKER_UNIT, "temporal-ui.service"):
        assert set(_peers(unit).values()) == {f"{address}:7233"}
    assert _all_up()
    assert _on(PROXY, "systemctl is-enabled haproxy") == "enabled"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (
            {"haproxy_idle_timeout": 30, "haproxy_port": 0, "haproxy_health_check": "http"},
            ["haproxy_idle_timeout is 30", "haproxy_port is 0: not a port number", "haproxy_health_check is 'http'"],
        ),
        ({"haproxy_bind_address": "192.0.2.1"}, ["haproxy_port: the address 192.0.2.1 is not on this host"]),
        # The stand-in has that port.
        ({"haproxy_port": 8080}, ["haproxy_port is 8080", "is held by"]),
    ],
)
def test_a_bad_value_is_refused_before_anything_changes(
    deployment: Any, variables: dict[str, Any], words: list[str]
) -> None:
    run = site(deployment.inventory, variables=variables)
    assert run.status != 0
    for word in words:
        assert word in run.message, run.message[-3000:]
    assert not any(run.changed.values()), run.changed


def test_a_configuration_of_somebody_else_is_refused_and_left_alone(deployment: Any) -> None:
    _on(PROXY, f"cp -p {CONFIG} /root/ours.cfg && echo '# mine' > {CONFIG}")
    try:
        run = site(deployment.inventory)
        assert _on(PROXY, f"cat {CONFIG}") == "# mine"
    finally:
        _on(PROXY, f"cp -p /root/ours.cfg {CONFIG}")
    assert run.status != 0
    assert f"{CONFIG} of this host is not this role's" in run.message
    assert not any(run.changed.values()), run.changed


def test_a_change_is_a_reload_and_connections_live_on(deployment: Any) -> None:
    master, connections = _property(PROXY, "haproxy", "MainPID"), _peers(WORKER_UNIT)
    assert connections
    changed = _changed(playbook("playbooks/haproxy.yml", deployment.inventory, variables={"haproxy_check_fall": 5}))
    # The file and the reload.
    assert changed == {PROXY: 2}
    assert " fall 5 " in _on(PROXY, f"cat {CONFIG}")
    assert _property(PROXY, "haproxy", "MainPID") == master
    assert set(_peers(WORKER_UNIT)) & set(connections)


def test_what_a_killed_run_has_written_is_loaded_by_the_next(deployment: Any) -> None:
    _on(PROXY, f"cp -p /root/ours.cfg {CONFIG}")
    foretold = playbook("playbooks/haproxy.yml", deployment.inventory, "--check")
    assert _changed(foretold) == {PROXY: 1}
    assert _changed(playbook("playbooks/haproxy.yml", deployment.inventory)) == {PROXY: 1}
    assert _changed(playbook("playbooks/haproxy.yml", deployment.inventory)) == {}
    _wait(f"both frontends are up: {_backends()}", _all_up)


def test_all_runs_complete_without_the_frontend_in_use(
    deployment: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Connections from before a reload are those of the process before, which the socket does not tell.
    _on(PROXY, "systemctl restart haproxy")
    _wait("the worker has a connection", lambda: bool(_frontend_in_use()))
    proxy = f"{deployment.address('haproxy')}:7233"
    options = load_options(deployment, f"--frontend={proxy}", without=SERVERS)
    before = _property(WORKER, WORKER_UNIT, "InvocationID")
    with workflow_load.running(tmp_path / "load", options) as load:
        load.more(50, 180)
        in_use = _frontend_in_use()
        assert in_use
        other = next(server for server in SERVERS if server != in_use)
        _on(in_use, "systemctl stop temporal-server")
        try:
            load.more(100, 180)
            assert _backends()[in_use] == "DOWN"
            assert _frontend_in_use() == other
            _ui_answers()
        finally:
            _on(in_use, "systemctl start temporal-server")
    all_is_well(load, capsys, f"the frontend of {in_use}, which the worker used, was stopped")
    assert _property(WORKER, WORKER_UNIT, "InvocationID") == before
    _wait("the frontend is up again", _all_up)


def _verified(deployment: Any, tmp_path: Path) -> dict[str, dict[str, Any]]:
    """The rows of the report, by id."""
    report = tmp_path / "report.json"
    tags = "--tags=verify_services,verify_haproxy,verify_haproxy_frontends"
    variables = {"verify_report_path": str(report), "verify_timeout": 5}
    playbook("playbooks/verify.yml", deployment.inventory, tags, variables=variables)
    rows = json.loads(report.read_text(encoding="utf-8"))["checks"]
    return {row["id"]: row for row in rows if row["id"].startswith("haproxy")}


def _diagnosed(deployment: Any, directory: Path) -> set[tuple[str, str, str]]:
    """What the diagnosis finds: id, host, and the evidence without its brackets."""
    path = directory / "findings.json"
    variables = {"diagnose_findings_path": str(path), "diagnose_bundle": False}
    _succeeds(playbook("playbooks/diagnose.yml", deployment.inventory, variables=variables))
    findings = json.loads(path.read_text(encoding="utf-8"))["findings"]
    return {(each["id"], each["host"], each["evidence"].partition(" (")[0]) for each in findings}


def test_the_verification_and_the_diagnosis_tell_what_is_wrong_with_the_proxy(deployment: Any, tmp_path: Path) -> None:
    rows = _verified(deployment, tmp_path)
    assert {row["result"] for row in rows.values()} == {"passed"}, rows

    _socket(f"disable server temporal-frontend/{SERVERS[1]}")
    try:
        rows = _verified(deployment, tmp_path)
    finally:
        _socket(f"enable server temporal-frontend/{SERVERS[1]}")
    assert (rows["haproxy"]["result"], rows["haproxy_frontends"]["result"]) == ("passed", "failed")
    assert f"{SERVERS[1]} ({deployment.address('temporal', 1)}:7233) is MAINT" in rows["haproxy_frontends"]["detail"]
    assert rows["haproxy_frontends"]["cause"]
    assert rows["haproxy_frontends"]["fix"]

    _on(PROXY, "systemctl stop haproxy")
    try:
        rows = _verified(deployment, tmp_path)
        findings = _diagnosed(deployment, tmp_path)
    finally:
        _on(PROXY, "systemctl start haproxy")
    assert {row["result"] for row in rows.values()} == {"failed"}
    assert "nothing listens there" in rows["haproxy"]["detail"]
    assert "HAProxy does not answer" in rows["haproxy_frontends"]["detail"]
    assert ("unit_down", PROXY, "haproxy.service is inactive") in findings
    _wait("both frontends are up", _all_up)


def test_the_last_proxy_stays(deployment: Any) -> None:
    run = playbook("playbooks/remove.yml", deployment.inventory, "--limit", PROXY)
    assert run.status != 0
    assert "This would remove the last HAProxy" in run.message
    assert "haproxy_state: absent" in run.message
    assert not any(run.changed.values()), run.changed


def test_a_server_that_leaves_is_out_of_the_backends_and_comes_back(deployment: Any) -> None:
    leaving, staying = SERVERS[1], SERVERS[0]
    _succeeds(playbook("playbooks/remove.yml", deployment.inventory, "--limit", leaving))
    assert _backends() == {staying: "UP"}
    assert leaving not in _on(PROXY, f"cat {CONFIG}")
    again = _succeeds(playbook("playbooks/remove.yml", deployment.inventory, "--limit", leaving))
    assert not any(again.changed.values()), again.changed

    without = playbook(
        "playbooks/haproxy.yml",
        deployment.inventory,
        "--check",
        variables={
            "haproxy_frontends": [
                {"host": staying, "address": deployment.hostvars[staying]["host_address"], "grpc_port": 7233}
            ]
        },
    )
    # The file is what the role writes without that server.
    assert _changed(without) == {}

    back = _changed(site(deployment.inventory))
    # The line and the reload on the proxy; neither worker nor UI has to learn of it.
    assert back[PROXY] == 2
    assert WORKER not in back
    _wait("both frontends are up", _all_up)


def test_without_the_proxy_they_reach_the_frontends_themselves(deployment: Any) -> None:
    before = _property(WORKER, WORKER_UNIT, "InvocationID")
    changed = _changed(site(deployment.inventory, variables={"haproxy_state": "absent"}))
    assert changed == {PROXY: 1, WORKER: 1}
    assert _on(PROXY, f"ls /usr/sbin/haproxy {CONFIG} 2>/dev/null || echo gone") == "gone"
    servers = {f"{address}:7233" for address in deployment.addresses("temporal")}
    _wait("the worker is connected", lambda: bool(_peers(WORKER_UNIT)))
    assert set(_peers(WORKER_UNIT).values()) <= servers
    _ui_answers()
    # The port is the same, and so the address: what is new is what the name stands for.
    assert _property(WORKER, WORKER_UNIT, "InvocationID") == before
