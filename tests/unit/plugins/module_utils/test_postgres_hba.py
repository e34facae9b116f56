# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may reach which database from where."""

from __future__ import annotations

from ansible_collections.aegis.temporal.plugins.module_utils.postgres_hba import hba_rules

DATABASES = [{"name": "temporal", "owner": "t", "password": "secret"}, {"name": "all", "owner": "a"}]


def test_an_owner_reaches_its_own_database_only() -> None:
    rules = hba_rules(DATABASES, ["10.0.0.2"])
    assert rules[:4] == [
        ["local", '"temporal"', '"t"', "", "scram-sha-256"],
        ["host", '"temporal"', '"t"', "127.0.0.1/32", "scram-sha-256"],
        ["host", '"temporal"', '"t"', "::1/128", "scram-sha-256"],
        ["host", '"temporal"', '"t"', "10.0.0.2/32", "scram-sha-256"],
    ]
    assert {(rule[1], rule[2]) for rule in rules} == {('"temporal"', '"t"'), ('"all"', '"a"')}


def test_addresses_are_made_uniform_and_named_once() -> None:
    clients = ["10.0.0.7", "10.0.0.7/32", "10.1.2.3/16", "fd00::1", "127.0.0.1", "::1", "db.example.org"]
    remote = [rule[3] for rule in hba_rules(DATABASES[:1], clients)][3:]
    assert remote == ["10.0.0.7/32", "10.1.0.0/16", "fd00::1/128", "db.example.org"]


def test_encryption_is_asked_of_clients_but_not_of_loopback() -> None:
    rules = hba_rules(DATABASES[:1], ["10.0.0.2"], tls_required=True)
    assert [(rule[0], rule[3]) for rule in rules] == [
        ("local", ""),
        ("host", "127.0.0.1/32"),
        ("host", "::1/128"),
        ("hostssl", "10.0.0.2/32"),
    ]


def test_extra_rules_come_last_and_are_taken_as_they_are() -> None:
    extra = [
        {"database": "all", "user": "backup", "address": "10.0.0.9"},
        {"type": "local", "database": "all", "user": "monitor", "method": "peer"},
    ]
    assert hba_rules([], [], extra=extra) == [
        ["host", "all", "backup", "10.0.0.9/32", "scram-sha-256"],
        ["local", "all", "monitor", "", "peer"],
    ]


def test_without_databases_there_is_no_rule() -> None:
    assert hba_rules([], ["10.0.0.2"]) == []
