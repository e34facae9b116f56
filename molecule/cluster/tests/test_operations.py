# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of docs/operations.md on real hosts, in an order in which each finds what it needs.

Those that no workflow may notice run under a short load; the longer one is scenario `scale`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import workflow_load
import yaml
from newer_collection import newer_collection
from playbook import Run, playbook, site
from under_load import accepted_ids, all_is_well, load_options, work_told

DATABASE = "molecule-cluster-database"
SERVERS = ("molecule-cluster-server-1", "molecule-cluster-server-2")
WORKERS = ("molecule-cluster-worker-1", "molecule-cluster-worker-2")
UNITS = {
    **dict.fromkeys(SERVERS, "temporal-server.service"),
    **dict.fromkeys(WORKERS, "aegis-temporal-worker@0.service"),
}
UI_NAMESPACE = "http://127.0.0.1:8233/api/v1/namespaces/default"


def _on(host: str, command: str) -> str:
    done = subprocess.run(["docker", "exec", host, "sh", "-euc", command], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _invocations() -> dict[str, str]:
    """What tells one start of a unit from another, by host."""
    return {host: _on(host, f"systemctl show --property=InvocationID --value {unit}") for host, unit in UNITS.items()}


def _active(host: str) -> str:
    return _on(host, f"systemctl is-active {UNITS[host]} || true")


def _rules_of(address: str) -> int:
    return int(_on(DATABASE, f"grep -cF ' {address}/32 ' /etc/postgresql/*/main/pg_hba.conf || true"))


def _succeeds(run: Run) -> Run:
    assert run.status == 0, run.output[-5000:]
    return run


def _rest(load: workflow_load.RunningLoad) -> None:
    """Runs that start before and after each change, so that some are in the middle of it."""
    load.more(30, 120)


def test_restart_touches_every_host_once(deployment: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _invocations()
    foretold = _succeeds(playbook("playbooks/restart.yml", deployment.inventory, "--check"))
    assert all(foretold.changed[host] for host in UNITS)
    assert _invocations() == before
    with workflow_load.running(tmp_path / "load", load_options(deployment)) as load:
        _rest(load)
        restarted = _succeeds(playbook("playbooks/restart.yml", deployment.inventory))
        _rest(load)
    all_is_well(load, capsys, f"all restarted, changed tasks: {restarted.changed}")
    after = _invocations()
    assert [host for host in UNITS if after[host] == before[host]] == []


def test_a_restart_stops_at_the_first_failure_and_goes_on_from_there(deployment: Any) -> None:
    before = _invocations()
    _on(
        WORKERS[0],
        f"mv /etc/systemd/system/aegis-temporal-worker@.service /root/ && ln -s /dev/null "
        f"/etc/systemd/system/{UNITS[WORKERS[0]]}",
    )
    try:
        run = playbook("playbooks/restart.yml", deployment.inventory)
    finally:
        _on(
            WORKERS[0],
            f"rm -f /etc/systemd/system/{UNITS[WORKERS[0]]}"
            " && mv /root/aegis-temporal-worker@.service /etc/systemd/system/ && systemctl daemon-reload",
        )
    assert run.status != 0
    assert f"{WORKERS[0]} did not come back" in run.message
    assert f"Not touched: {WORKERS[1]}" in run.message
    stopped = _invocations()
    assert [host for host in UNITS if stopped[host] != before[host]] == list(SERVERS)

    moment = re.search(r"-e restart_before=([0-9.]+)", run.message)
    assert moment is not None, run.message[-3000:]
    _succeeds(playbook("playbooks/restart.yml", deployment.inventory, "-e", f"restart_before={moment[1]}"))
    resumed = _invocations()
    assert [host for host in UNITS if resumed[host] != stopped[host]] == list(WORKERS)


def _frontend_in_use(deployment: Any, host: str) -> str:
    """The server to which the worker of a host has its connection."""
    peers = _on(host, "ss -Htn state established '( dport = :7233 )' | awk '{print $4}' | sort -u").split()
    assert len(peers) == 1, peers
    (server,) = (server for server in SERVERS if peers[0].startswith(f"{deployment.hostvars[server]['host_address']}:"))
    return server


def test_workers_and_the_user_interface_go_on_without_the_frontend_that_they_use(
    deployment: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker cannot report for no longer than it takes to connect to another one: no command is lost."""
    for host in (*WORKERS, SERVERS[0]):
        listed = _on(host, "getent ahostsv4 temporal-frontend | awk '/STREAM/ {print $1}'").split()
        assert sorted(listed) == sorted(deployment.hostvars[server]["host_address"] for server in SERVERS)
    in_use = _frontend_in_use(deployment, WORKERS[0])
    other = next(server for server in SERVERS if server != in_use)
    before = _invocations()
    with workflow_load.running(tmp_path / "load", load_options(deployment, without=[in_use])) as load:
        load.more(50, 120)
        _on(in_use, "systemctl stop temporal-server")
        try:
            load.more(100, 120)
            assert _frontend_in_use(deployment, WORKERS[0]) == other
            _on(SERVERS[0], f"python3 -c 'from urllib.request import urlopen; urlopen(\"{UI_NAMESPACE}\", timeout=20)'")
        finally:
            _on(in_use, "systemctl start temporal-server")
    all_is_well(load, capsys, f"the frontend of {in_use} was stopped")
    after = _invocations()
    assert [host for host in UNITS if after[host] != before[host]] == [in_use]


def test_a_drained_worker_stays_stopped_until_site_starts_it(deployment: Any) -> None:
    first = _succeeds(playbook("playbooks/drain.yml", deployment.inventory, "--limit", WORKERS[1]))
    assert "Nothing was left unfinished." in first.message
    assert (_active(WORKERS[1]), _active(WORKERS[0])) == ("inactive", "active")
    again = _succeeds(playbook("playbooks/drain.yml", deployment.inventory, "--limit", WORKERS[1]))
    assert not any(again.changed.values()), again.changed

    last = playbook("playbooks/drain.yml", deployment.inventory)
    assert last.status != 0
    assert "-e drain_last=true" in last.message
    assert _active(WORKERS[0]) == "active"

    started = _succeeds(site(deployment.inventory))
    assert [host for host, changed in started.changed.items() if changed] == [WORKERS[1]]


def _release(host: str) -> str:
    """The version of the worker that is the current one on a host."""
    return _on(host, "basename $(readlink /opt/aegis-temporal/temporal-worker/current)").partition("-")[0]


def test_a_version_of_the_worker_that_does_not_start_is_taken_back(deployment: Any, tmp_path: Path) -> None:
    before = _invocations()
    broken = newer_collection(tmp_path, "0.1.1", 'raise RuntimeError("broken on purpose")')
    run = playbook(
        broken.playbook("temporal_worker"),
        deployment.inventory,
        # What does not start is waited for as long; what is returned to may need it on a busy machine.
        variables={"temporal_worker_health_timeout": 60},
        environment=broken.environment,
    )
    assert run.status != 0, run.output[-4000:]
    assert "broken on purpose" in run.output
    assert f"{WORKERS[0]} runs 0.1.0-" in run.message, run.output[-4000:]
    assert [_release(host) for host in WORKERS] == ["0.1.0", "0.1.0"]
    assert [_active(host) for host in WORKERS] == ["active", "active"]
    after = _invocations()
    assert [host for host in UNITS if after[host] != before[host]] == [WORKERS[0]]


def test_the_worker_is_upgraded_and_downgraded_host_by_host(
    deployment: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = newer_collection(tmp_path / "newer", "0.1.2")
    with workflow_load.running(tmp_path / "load", load_options(deployment)) as load:
        _rest(load)
        _succeeds(playbook(newer.playbook("temporal_worker"), deployment.inventory, environment=newer.environment))
        upgraded = [_release(host) for host in WORKERS]
        _rest(load)
        _succeeds(playbook("playbooks/temporal_worker.yml", deployment.inventory))
        downgraded = [_release(host) for host in WORKERS]
        _rest(load)
    work = work_told(f"{deployment.address('temporal')}:7233", accepted_ids(load))
    all_is_well(load, capsys, "the worker was upgraded and downgraded", *work.lines())
    assert (upgraded, downgraded) == (["0.1.2", "0.1.2"], ["0.1.0", "0.1.0"])
    assert work.non_determinism_errors == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "Name the hosts to remove with --limit"),
        (["--limit", ",".join(WORKERS)], "No other worker polls the task queue 'aegis-agents'"),
        (["--limit", ",".join(SERVERS)], "No other host of group temporal runs frontend, history, matching, worker."),
    ],
)
def test_removal_refuses_what_would_leave_nothing(deployment: Any, options: list[str], words: str) -> None:
    run = playbook("playbooks/remove.yml", deployment.inventory, *options)
    assert run.status != 0
    assert words in run.message
    assert not any(run.changed.values()), run.changed


def _inventory_without(leaving: list[str], inventory: Path, directory: Path) -> Path:
    """Copy an inventory and take hosts out of every group."""
    copy = directory / "inventory"
    shutil.copytree(inventory, copy)
    hosts = yaml.safe_load((copy / "hosts.yml").read_text(encoding="utf-8"))
    for group in hosts["all"]["children"].values():
        for host in leaving:
            group["hosts"].pop(host, None)
    (copy / "hosts.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    return copy


def test_hosts_leave_and_come_back(deployment: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leaving = [SERVERS[1], WORKERS[1]]
    addresses = [str(deployment.hostvars[host]["host_address"]) for host in leaving]
    assert all(_rules_of(address) for address in addresses)
    before = _invocations()
    with workflow_load.running(tmp_path / "load", load_options(deployment, without=leaving)) as load:
        _rest(load)
        removed = _succeeds(playbook("playbooks/remove.yml", deployment.inventory, "--limit", ",".join(leaving)))
        _rest(load)
    all_is_well(load, capsys, f"{' and '.join(leaving)} left")
    for host in leaving:
        assert _on(host, f"systemctl cat {UNITS[host]} 2>/dev/null || echo none") == "none"
        assert _on(host, "ls -d /opt/aegis-temporal || echo gone") == "gone"
    assert not any(_rules_of(address) for address in addresses)
    assert "take them out of those groups of the inventory" in removed.message
    again = _succeeds(playbook("playbooks/remove.yml", deployment.inventory, "--limit", ",".join(leaving)))
    assert not any(again.changed.values()), again.changed

    without = _succeeds(site(_inventory_without(leaving, deployment.inventory, tmp_path), "--check"))
    assert not set(without.changed) & set(leaving)
    assert not any(without.changed.values()), without.changed

    with workflow_load.running(tmp_path / "load-back", load_options(deployment, without=leaving)) as load:
        _rest(load)
        back = _succeeds(site(deployment.inventory))
        _rest(load)
    all_is_well(load, capsys, f"{' and '.join(leaving)} came back, changed tasks: {back.changed}")
    # The UI's host and the other worker learn the address of the server that came back, and nothing else.
    assert (back.changed[SERVERS[0]], back.changed[WORKERS[0]]) == (1, 1), back.changed
    assert {host for host, changed in back.changed.items() if changed} == {*leaving, DATABASE, SERVERS[0], WORKERS[0]}
    after = _invocations()
    assert [host for host in UNITS if after[host] == before[host]] == [SERVERS[0], WORKERS[0]]
    assert all(_rules_of(address) for address in addresses)
