# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the role ``postgres``: each refusal names the variable, the value and the fix."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_postgres import problems
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_postgres_managed import managed_problems

VERSIONS = {"minimum": 14, "distribution": {"bookworm": 15, "trixie": 17}}

GOOD: dict[str, Any] = {
    "postgres_mode": "server",
    "postgres_repository": "distribution",
    "postgres_version": "",
    "postgres_port": 5432,
    "postgres_listen_addresses": ["127.0.0.1", "10.0.0.1"],
    "postgres_client_addresses": ["10.0.0.2", "10.1.0.0/16", "fd00::/64", "worker.example.org"],
    "postgres_allow_any_client": False,
    "postgres_hba_entries": [],
    "postgres_memory_mb": 0,
    "postgres_max_connections": 500,
    "postgres_connection_demand": 477,
    "postgres_connection_reserve": 20,
    "postgres_minimum_free_mb": 1024,
    "postgres_settings": {},
    "postgres_unit_overrides": {},
    "postgres_databases": [
        {"name": "temporal", "owner": "temporal", "password": "secret-one", "extensions": []},
        {"name": "temporal_visibility", "owner": "vis", "password": "secret-two", "extensions": ["btree_gin"]},
    ],
    "postgres_managed_host": "",
    "postgres_admin_user": "",
    "postgres_admin_password": "",
    "host": {
        "codename": "bookworm",
        "memory_mb": 4096,
        "free_mb": 20000,
        "addresses": ["10.0.0.1"],
        "packages": [],
        "clusters": [],
        "listeners": [],
        "stale_units": [],
    },
}


def settings(**changes: Any) -> dict[str, Any]:
    result = copy.deepcopy(GOOD)
    host = changes.pop("host", {})
    result.update(changes)
    if host is None:
        del result["host"]
    else:
        result["host"].update(host)
    return result


def database(**changes: Any) -> list[dict[str, Any]]:
    return [{"name": "temporal", "owner": "temporal", "password": "secret-one", **changes}]


def cluster(version: str, pid: int = 0) -> dict[str, Any]:
    return {"version": version, "name": "main", "data_directory": "/d", "pid": pid, "port": 5432 if pid else 0}


def test_good_settings_have_no_problem() -> None:
    assert problems(settings(), VERSIONS) == []


def test_without_a_host_the_rules_that_need_one_are_left_out() -> None:
    assert problems(settings(host=None), VERSIONS) == []


@pytest.mark.parametrize(
    ("changes", "variable", "fix"),
    [
        ({"postgres_port": 80}, "postgres_port is 80", "from 1024 to 65535"),
        ({"postgres_port": 65536}, "postgres_port is 65536", "from 1024 to 65535"),
        ({"postgres_port": "x"}, "postgres_port is 'x'", "Give a number"),
        ({"postgres_version": "13"}, "postgres_version is '13'", "Leave it empty"),
        ({"postgres_version": "next"}, "postgres_version is 'next'", "Leave it empty"),
        ({"postgres_version": "17"}, "postgres_version is '17'", "postgres_repository: pgdg"),
        ({"host": {"codename": "bullseye"}}, "The host runs 'bullseye'", "Debian bookworm, Debian trixie"),
        ({"postgres_listen_addresses": []}, "postgres_listen_addresses is []", "127.0.0.1"),
        ({"postgres_listen_addresses": ["db"]}, "postgres_listen_addresses is 'db'", "Set host_address"),
        ({"postgres_listen_addresses": ["10.9.9.9"]}, "is '10.9.9.9': no address of this host", "Set host_address"),
        ({"postgres_listen_addresses": ["127.0.0.1"]}, "loopback only, but 10.0.0.2, 10.1.0.0/16", "Add the address"),
        ({"postgres_client_addresses": ["0.0.0.0/0"]}, "is '0.0.0.0/0'", "postgres_allow_any_client: true"),
        ({"postgres_client_addresses": ["::/0"]}, "is '::/0'", "postgres_allow_any_client: true"),
        ({"postgres_client_addresses": ["0.0.0.0/1"]}, "is '0.0.0.0/1'", "postgres_allow_any_client: true"),
        ({"postgres_client_addresses": ["all"]}, "is 'all'", "addresses or CIDRs"),
        ({"postgres_client_addresses": ["10.0.0.300"]}, "is '10.0.0.300'", "addresses or CIDRs"),
        ({"postgres_client_addresses": ["a b"]}, "is 'a b'", "addresses or CIDRs"),
        ({"postgres_connection_demand": 478}, "postgres_max_connections is 500", "Set at least 501"),
        ({"postgres_connection_demand": "many"}, "postgres_connection_demand is 'many'", "whole number"),
        ({"postgres_settings": {"port": 1}}, "postgres_settings.port is 1", "Set postgres_port"),
        ({"postgres_settings": {"hba_file": "/x"}}, "postgres_settings.hba_file", "postgres_hba_entries"),
        ({"postgres_settings": {"a b": 1}}, "has the key 'a b'", "work_mem"),
        ({"postgres_settings": {"work_mem": [1]}}, "postgres_settings.work_mem is [1]", "a text, a number"),
        ({"postgres_settings": {"work_mem": "1\nport=1"}}, "postgres_settings.work_mem", "a text, a number"),
        ({"postgres_settings": {"jit": True}}, "postgres_settings.jit is True", "MemoryDenyWriteExecute: false"),
        ({"postgres_settings": {"shared_buffers": "3GB"}}, "more than half of the 4096 MB", "postgres_memory_mb"),
        ({"postgres_settings": {"shared_buffers": 300000}}, "more than half of the 4096 MB", "postgres_memory_mb"),
        ({"postgres_settings": {"shared_buffers": "1gb"}}, "'1gb': not a size", "2GB"),
        ({"host": {"free_mb": 3}}, "only 3 MB left", "Make room"),
        ({"postgres_hba_entries": [{"database": "a", "user": "b"}]}, "[0].address is None", "Give an IP address"),
        (
            {"postgres_hba_entries": [{"database": "a", "user": "b", "address": "10.0.0.1", "method": "trust"}]},
            "postgres_hba_entries[0].method is 'trust'",
            "scram-sha-256",
        ),
        (
            {"postgres_hba_entries": [{"database": "a", "user": 'b"\nhost all', "address": "10.0.0.1"}]},
            "postgres_hba_entries[0].user",
            "Remove it",
        ),
        (
            {"postgres_hba_entries": [{"type": "tcp", "database": "a", "user": "b", "address": "10.0.0.1"}]},
            "postgres_hba_entries[0].type is 'tcp'",
            "hostssl",
        ),
        ({"postgres_databases": database(name="a b")}, "postgres_databases[0].name is 'a b'", "letters, digits"),
        ({"postgres_databases": database(name="template1")}, "is 'template1'", "Choose another"),
        ({"postgres_databases": database() * 2}, "postgres_databases[1].name is 'temporal': listed twice", "own"),
        ({"postgres_databases": database(owner="postgres")}, "[0].owner is 'postgres'", "its own login"),
        ({"postgres_databases": database(owner='x"y')}, "postgres_databases[0].owner", "letters, digits"),
        ({"postgres_databases": database(password="")}, "the login 'temporal' needs", "Set postgres_databases[0]"),
        (
            {"postgres_databases": database(password="", password_variable="temporal_database_password")},
            "temporal_database_password is empty",
            "Set temporal_database_password",
        ),
        ({"postgres_databases": database(extensions=["x;"])}, "[0].extensions is 'x;'", "btree_gin"),
    ],
)
def test_a_broken_rule_is_named_once_with_its_fix(changes: dict[str, Any], variable: str, fix: str) -> None:
    found = problems(settings(**changes), VERSIONS)
    assert len(found) == 1, found
    assert variable in found[0]
    assert fix in found[0]


def test_every_problem_is_collected() -> None:
    broken = settings(postgres_port=1, postgres_connection_demand=9999, postgres_settings={"jit": "on"})
    assert len(problems(broken, VERSIONS)) == 3


@pytest.mark.parametrize("password", ["line\nbreak-secret", "SCRAM-SHA-256$4096:secret", "md5" + "0" * 32])
def test_no_problem_shows_a_password(password: str) -> None:
    found = problems(settings(postgres_databases=database(password=password)), VERSIONS)
    assert len(found) == 1
    assert password not in found[0]
    assert "secret" not in found[0]


def test_one_login_with_two_passwords_is_refused_without_showing_them() -> None:
    both = database() + database(name="aegis", password="secret-three")
    found = problems(settings(postgres_databases=both), VERSIONS)
    assert len(found) == 1
    assert "login 'temporal' two different passwords" in found[0]
    assert "secret" not in found[0]


def test_one_login_may_own_two_databases() -> None:
    assert problems(settings(postgres_databases=database() + database(name="aegis")), VERSIONS) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"postgres_client_addresses": ["0.0.0.0/0"], "postgres_allow_any_client": True},
        {"postgres_listen_addresses": ["*"]},
        {"postgres_version": "17", "postgres_repository": "pgdg"},
        {"postgres_settings": {"jit": True}, "postgres_unit_overrides": {"MemoryDenyWriteExecute": False}},
        {"postgres_settings": {"shared_buffers": "3GB"}, "postgres_memory_mb": 8192},
        {"postgres_listen_addresses": ["127.0.0.1"], "postgres_client_addresses": ["127.0.0.1", "10.0.0.1"]},
        {"postgres_hba_entries": [{"type": "local", "database": "all", "user": "backup", "method": "peer"}]},
        {"host": {"clusters": [cluster("13"), cluster("15")]}},
    ],
)
def test_what_was_asked_for_openly_is_allowed(changes: dict[str, Any]) -> None:
    assert problems(settings(**changes), VERSIONS) == []


def test_a_cluster_of_another_version_is_not_left_behind() -> None:
    found = problems(settings(host={"codename": "trixie", "clusters": [cluster("15")]}), VERSIONS)
    assert len(found) == 1
    assert "the host already has the cluster 15/main" in found[0]
    assert "postgres_version: '15' and postgres_repository: pgdg" in found[0]


def listener(address: str, pid: int) -> dict[str, Any]:
    return {"address": address, "pids": [pid], "process": "nginx"}


@pytest.mark.parametrize("address", ["0.0.0.0", "*", "::", "10.0.0.1", "127.0.0.1"])
def test_a_port_that_another_process_holds_is_refused(address: str) -> None:
    found = problems(settings(host={"listeners": [listener(address, 7)], "clusters": [cluster("15", 8)]}), VERSIONS)
    assert found == ["postgres_port is 5432: nginx already listens on %s:5432. Stop it, or set another port." % address]


@pytest.mark.parametrize(("address", "pid"), [("10.0.0.1", 8), ("10.9.9.9", 7)])
def test_our_own_server_and_another_address_do_not_hold_the_port(address: str, pid: int) -> None:
    host = {"listeners": [listener(address, pid)], "clusters": [cluster("15", 8)]}
    assert problems(settings(host=host), VERSIONS) == []


CONTAINER = {"postgres_provider": "container"}


def test_an_image_may_have_another_version_than_the_distribution() -> None:
    wanted = {"postgres_version": "17"}
    assert len(problems(settings(**wanted), VERSIONS)) == 1
    assert problems(settings(**CONTAINER, **wanted), VERSIONS) == []


def test_the_compiler_is_refused_by_debians_unit_alone() -> None:
    wanted = {"postgres_settings": {"jit": True}}
    assert len(problems(settings(**wanted), VERSIONS)) == 1
    assert problems(settings(**CONTAINER, **wanted), VERSIONS) == []


def test_a_limit_counts_as_the_memory_that_there_is() -> None:
    wanted = {"postgres_settings": {"shared_buffers": "1GB"}}
    assert problems(settings(**wanted), VERSIONS) == []
    (found,) = problems(settings(**wanted, postgres_memory_max="1G"), VERSIONS)
    assert "shared_buffers" in found
    assert "1024 MB" in found


def test_managed_mode_asks_for_a_server_and_a_whole_administrator() -> None:
    found = problems(settings(postgres_mode="managed", postgres_admin_user="admin", postgres_port=443), VERSIONS)
    assert len(found) == 2
    assert found[0].startswith("postgres_managed_host is ''")
    assert found[1].startswith("postgres_admin_user and postgres_admin_password belong together")


MANAGED = settings(
    postgres_mode="managed",
    postgres_managed_host="db.example.org",
    postgres_connection_demand=100,
    postgres_admin_user="admin",
    postgres_admin_database="defaultdb",
    postgres_databases=database(extensions=["btree_gin"], password_variable="temporal_database_password"),
)


def answer(**changes: Any) -> dict[str, Any]:
    row = {
        "version": 140000,
        "max_connections": 123,
        "reserved_connections": 3,
        "encoding": "UTF8",
        "can_create": True,
        "installed": ["plpgsql"],
        "available": {"btree_gin": True},
    }
    return {"item": changes.pop("item", "temporal"), "query_all_results": [[{"answer": {**row, **changes}}]]}


def test_a_managed_server_that_can_do_has_no_problem() -> None:
    assert managed_problems([answer()], MANAGED, VERSIONS) == []


@pytest.mark.parametrize(
    ("changes", "what", "fix"),
    [
        ({"version": 130099}, "runs PostgreSQL 13", "Upgrade the server"),
        ({"max_connections": 122}, "leaves 119 connections", "ask for 120"),
        ({"encoding": "SQL_ASCII"}, "has the encoding SQL_ASCII", "ENCODING 'UTF8'"),
        ({"can_create": False, "installed": ["btree_gin"]}, "may not create schemas", "owner"),
        ({"available": {}}, "does not offer it", "Ask its operator"),
        ({"available": {"btree_gin": False}}, "may not create it", "CREATE EXTENSION btree_gin"),
    ],
)
def test_what_a_managed_server_lacks_is_named(changes: dict[str, Any], what: str, fix: str) -> None:
    found = managed_problems([answer(**changes)], MANAGED, VERSIONS)
    assert len(found) == 1, found
    assert what in found[0]
    assert fix in found[0]


@pytest.mark.parametrize(
    ("message", "start", "part"),
    [
        ('FATAL:  password authentication failed for user "t"', "temporal_database_password: ", "login 'temporal'"),
        ('FATAL:  database "temporal" does not exist', "postgres_databases names the database", "postgres_admin_user"),
        ("FATAL:  no pg_hba.conf entry for host", "db.example.org:5432 does not let login", "Allow this host"),
        ("Connection refused\n\tIs the server running?", "Database 'temporal' of db", "refused Is the server"),
    ],
)
def test_a_failed_login_names_what_to_change(message: str, start: str, part: str) -> None:
    found = managed_problems([{"item": "temporal", "msg": message}], MANAGED, VERSIONS)
    assert len(found) == 1
    assert found[0].startswith(start)
    assert part in found[0]
    assert "secret" not in found[0]


def test_the_administrator_is_asked_for_the_server_only() -> None:
    poor = answer(item="", encoding="SQL_ASCII", can_create=False, available={})
    assert managed_problems([poor], MANAGED, VERSIONS) == []
    refused = {"item": "", "msg": 'FATAL: password authentication failed for user "admin"'}
    assert managed_problems([refused], MANAGED, VERSIONS)[0].startswith("postgres_admin_password: ")


def test_a_problem_of_the_server_is_named_once() -> None:
    assert len(managed_problems([answer(version=130000), answer(version=130000)], MANAGED, VERSIONS)) == 1
