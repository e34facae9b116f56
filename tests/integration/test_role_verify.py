# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the role verify about a cluster pass on what is right, and each fails on what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from loopback_stack import TemporalStack
from module_testing import Outcome, ok, play, run_module

NAMESPACE = {"name": "verified", "retention": "3d"}
STRANGER = {"service": "history", "address": "192.0.2.9", "membership_port": 6934}


def _members(stack: TemporalStack) -> list[dict[str, Any]]:
    found = []
    for service in ("frontend", "history", "matching", "worker"):
        address, _colon, port = stack.server.membership_address(service).rpartition(":")
        found.append({"service": service, "address": address, "membership_port": int(port)})
    return found


def _variables(stack: TemporalStack) -> dict[str, Any]:
    store = stack.store
    connection = {"host": store.host, "port": store.port, "user": store.user, "password": store.password}
    return {
        "verify_http_urls": [stack.http_url],
        "verify_stores": [{"name": "default", "database": store.name, **connection}],
        "verify_members": _members(stack),
        "verify_history_shards": 4,
        "verify_namespaces": [NAMESPACE],
        "verify_connection_demand": 1,
        "verify_timeout": 30,
    }


def _check(stack: TemporalStack, directory: Path, name: str, **other: Any) -> Outcome:
    task = {"import_role": {"name": "aegis.temporal.verify", "tasks_from": "cluster"}}
    variables = {**_variables(stack), **other}
    done = play(directory, [task], variables=variables, arguments=["--tags", f"verify_{name}"])
    (outcome,) = done.tasks
    assert stack.store.password not in done.output
    return outcome


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("namespaces", {"verify_namespaces": [{**NAMESPACE, "retention": "9d"}]}),
        ("namespaces", {"verify_namespaces": [{"name": "never-registered", "retention": "3d"}]}),
        ("shards", {"verify_history_shards": 8}),
        ("shards", {"verify_cluster_name": "another"}),
        ("connections", {"verify_connection_demand": 100000}),
        ("ring", {"verify_members": [STRANGER], "verify_timeout": 1}),
    ],
)
def test_a_check_passes_on_what_is_right_and_fails_on_what_is_wrong(
    temporal_stack: TemporalStack, tmp_path: Path, name: str, wrong: dict[str, Any]
) -> None:
    ok(run_module("namespace", {"http_url": temporal_stack.http_url, **NAMESPACE}))
    right = _check(temporal_stack, tmp_path, name)
    assert not right.failed, right.message
    assert not right.changed
    assert _check(temporal_stack, tmp_path, name, **wrong).failed


@pytest.fixture
def no_room(temporal_stack: TemporalStack) -> Iterator[None]:
    """Sessions of this database may not write temporary files, which stands in for a full disk; the fault scenario
    `disk-full` fills one."""
    name = temporal_stack.store.name
    with closing(psycopg2.connect(temporal_stack.postgres.dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}" SET temp_file_limit = 1024')
            try:
                yield
            finally:
                cursor.execute(f'ALTER DATABASE "{name}" RESET temp_file_limit')


def test_room_to_write_is_asked_of_postgresql_itself(temporal_stack: TemporalStack, tmp_path: Path) -> None:
    right = _check(temporal_stack, tmp_path, "disk")
    assert not right.failed, right.message
    assert not right.changed


@pytest.mark.usefixtures("no_room")
def test_without_room_to_write_the_check_says_why(temporal_stack: TemporalStack, tmp_path: Path) -> None:
    wrong = _check(temporal_stack, tmp_path, "disk")
    assert wrong.failed
    assert "temporary file size exceeds temp_file_limit" in wrong.message, wrong.message


@pytest.mark.parametrize(("versions", "asked"), [([], False), (["localhost"], True)])
def test_pollers_that_are_skipped_are_asked_for_where_the_versions_need_them(
    temporal_stack: TemporalStack, tmp_path: Path, versions: list[str], asked: bool
) -> None:
    queue = {"namespace": "default", "task_queue": "nobody", "identities": []}
    variables = {
        **_variables(temporal_stack),
        "verify_worker_queues": [queue],
        "verify_hosts": {"worker": ["localhost"], "version": versions},
        "verify_worker_deployment_name": "unknown",
        "verify_timeout": 1,
    }
    task = {"import_role": {"name": "aegis.temporal.verify", "tasks_from": "worker"}}
    done = play(tmp_path, [task], variables=variables, arguments=["--skip-tags", "verify_pollers,verify_workers"])
    assert ("lacks pollers" in done.output) is asked, done.output
