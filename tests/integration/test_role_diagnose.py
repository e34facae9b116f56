# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis against a real database and a real server: what is right has no finding, what is wrong its own."""

from __future__ import annotations

import json
import tarfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from loopback_stack import PostgresServer, TemporalStack
from module_testing import ok, play, run_module

# The throw-away database is made fast and not safe, which the diagnosis rightly tells.
ALWAYS = {"unsafe_durability"}


def _store(name: str, database: Any) -> dict[str, Any]:
    connection = {"host": database.host, "port": database.port, "user": database.user, "password": database.password}
    return {"name": name, "database": database.name, **connection}


def _variables(stack: TemporalStack, directory: Path) -> dict[str, Any]:
    members = []
    for service in ("frontend", "history", "matching", "worker"):
        address, _colon, port = stack.server.membership_address(service).rpartition(":")
        members.append({"service": service, "address": address, "membership_port": int(port)})
    return {
        "diagnose_findings_path": str(directory / "findings.json"),
        "diagnose_bundle_path": str(directory / "bundle.tar.gz"),
        "diagnose_parts": [],
        "diagnose_stores": [_store("default", stack.store), _store("visibility", stack.visibility)],
        "diagnose_server_version": stack.version,
        "diagnose_http_urls": [stack.http_url],
        "diagnose_history_shards": 4,
        "diagnose_members": members,
        "diagnose_connection_demand": 1,
    }


def _diagnose(stack: TemporalStack, directory: Path, *arguments: str, **other: Any) -> dict[str, dict[str, Any]]:
    task = {"import_role": {"name": "aegis.temporal.diagnose"}}
    variables = {**_variables(stack, directory), **other}
    done = play(directory, [task], variables=variables, arguments=arguments)
    assert done.returncode == 0, done.output[-4000:]
    assert not any(outcome.changed for outcome in done.tasks)
    assert stack.store.password not in done.output
    with tarfile.open(directory / "bundle.tar.gz") as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None
            assert stack.store.password.encode() not in content.read(), member.name
    report = json.loads((directory / "findings.json").read_text(encoding="utf-8"))
    ours = ("database", "schema", "cluster", "certificate")
    # What this machine's own disks and memory are like is not asked here.
    return {entry["id"]: entry for entry in report["findings"] if not entry["host"] or entry["id"].startswith(ours)}


def test_what_is_right_has_no_finding(temporal_stack: TemporalStack, tmp_path: Path) -> None:
    for arguments in ((), ("--check",)):
        found = _diagnose(temporal_stack, tmp_path, *arguments)
        assert set(found) - {"member_stale", "sessions_hidden"} == ALWAYS, found


def test_what_differs_from_the_inventory(temporal_stack: TemporalStack, tmp_path: Path) -> None:
    ok(run_module("namespace", {"http_url": temporal_stack.http_url, "name": "default", "retention": "3d"}))
    stranger = {"service": "history", "address": "192.0.2.9", "membership_port": 6934}
    found = _diagnose(
        temporal_stack,
        tmp_path,
        diagnose_history_shards=8,
        diagnose_cluster_name="another",
        diagnose_connection_demand=100000,
        diagnose_members=[stranger],
        diagnose_queues=[{"namespace": "default", "task_queue": "nobody-polls-this", "identities": []}],
    )
    assert {
        "shards_differ",
        "cluster_name_differs",
        "schema_refused",
        "pools_over_max_connections",
        "member_missing",
        "member_unexpected",
        "queue_without_pollers",
    } <= set(found)
    assert "has 4, the inventory says 8" in found["shards_differ"]["evidence"]
    assert "192.0.2.9:6934" in found["member_missing"]["evidence"]


def test_databases_that_are_wrong(
    temporal_stack: TemporalStack, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    broken = postgres_server.create_database("diagnosed_broken")
    with closing(psycopg2.connect(broken.dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE schema_version (db_name text, curr_version text)")
        cursor.execute("INSERT INTO schema_version VALUES (%s, '1.4')", [broken.name])
        cursor.execute("CREATE TABLE executions_visibility (a int)")
    try:
        stores = [_store("default", temporal_stack.store), _store("visibility", broken)]
        found = _diagnose(temporal_stack, tmp_path, diagnose_stores=stores)
        assert "visibility store: schema 1.4" in found["schema_behind"]["evidence"]
        assert "btree_gin_missing" in found
        stores = [_store("default", temporal_stack.store), _store("visibility", temporal_stack.store)]
        assert "stores_share_database" in _diagnose(temporal_stack, tmp_path, diagnose_stores=stores)
        stores = [_store("default", temporal_stack.store), {**_store("visibility", broken), "port": 1}]
        assert (
            "refused" in _diagnose(temporal_stack, tmp_path, diagnose_stores=stores)["database_unreachable"]["evidence"]
        )
    finally:
        postgres_server.drop_database("diagnosed_broken")


def test_a_session_that_sits_in_a_transaction(temporal_stack: TemporalStack) -> None:
    options = {
        "server_version": temporal_stack.version,
        "versions": {"server": {}, "minors": []},
        "stores": [_store("default", temporal_stack.store)],
    }
    with closing(psycopg2.connect(temporal_stack.store.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((pid,),) = cursor.fetchall()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            seen = ok(run_module("diagnose_database", options))["stores"]["default"]
            assert seen["errors"] == []
            if any(session["pid"] == pid for session in seen["sessions"]):
                break
            time.sleep(2)
        (session,) = [session for session in seen["sessions"] if session["pid"] == pid]
    assert session["state"] == "idle in transaction"
    assert session["seconds"] >= 30


def test_a_dead_server_is_a_finding(temporal_stack: TemporalStack, tmp_path: Path) -> None:
    found = _diagnose(temporal_stack, tmp_path, diagnose_http_urls=["http://127.0.0.1:1"])
    assert "http://127.0.0.1:1" in found["frontend_unreachable"]["evidence"]
