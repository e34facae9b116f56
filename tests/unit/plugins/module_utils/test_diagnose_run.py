# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A healthy deployment has no finding, and each thing that is broken has its own, with the evidence."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import diagnose_journal, diagnose_run
from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_model import SEVERITIES

REPOSITORY = Path(__file__).resolve().parents[4]
GIB = 1024**3


def unit(name, part, **more):
    return {
        "name": name, "part": part, "load": "loaded", "active": "active", "sub": "running", "enabled": "enabled",
        "needs_reload": False, "restarts": 0, "result": "success", "stop_timeout": 60.0, "open_files": 65536,
        "user": "temporal", "environment": {}, "journal": {}, "oom": "", **more,
    }  # fmt: skip


def store(name, version, table):
    return {
        "where": "10.0.0.10:5432/" + name, "reached": True, "error": None, "errors": [], "identity": name,
        "server": "10.0.0.10 today", "schema_version": version, "tables": [table], "invalid_indexes": [],
        "btree_gin": {"schema": "public", "visible": True, "searched": ["pg_catalog", "public"]},
        "read_only": False, "settings": {"fsync": "on", "full_page_writes": "on", "autovacuum": "on"},
        "slots": [], "usable_connections": 100, "used_connections": 10, "hidden_logins": [], "sessions": [],
        "transaction_age": 1000, "big_tables": [{"name": table, "live": 1000, "dead": 10}],
    }  # fmt: skip


def poller(identity="w1:3000", age=5.0):
    return {"identity": identity, "age": age}


def healthy():
    member = {"service": "frontend", "address": "10.0.0.11", "membership_port": 6933}
    other = {"service": "frontend", "address": "10.0.0.12", "membership_port": 6933}
    stores = {
        "default": store("default", "1.19", "current_executions"),
        "visibility": store("visibility", "1.14", "executions_visibility"),
    }
    stores["default"]["members"] = [{**member, "fresh": True}, {**other, "fresh": True}]
    config = {
        "persistence": {"datastores": {"default": {"sql": {"pluginName": "postgres12"}}}},
        "global": {"membership": {"broadcastAddress": "10.0.0.11"}},
        "services": {"frontend": {"rpc": {"membershipPort": 6933}}},
    }
    host = {
        "time": 1.0, "parts": ["server", "ui", "worker"], "clock": {"offset": 0.1, "uncertainty": 0.1},
        "units": [unit("temporal-server.service", "server"),
                  unit("aegis-temporal-worker@0.service", "worker", environment={"DATABASE_URL": "postgresql://a/b"})],
        "files": {"/etc/temporal/config.yaml": {"text": "", "error": None}}, "server_config": config,
        "dynamic_config": {"frontend.keepAliveMaxConnectionAge": [{"value": "5m"}]},
        "ui_config": {"publicPath": "", "cors": {"allowOrigins": ["https://ui.test"], "cookieInsecure": False}},
        "expected": {"stop_timeout": 50, "public_url": "https://ui.test", "server_version": "1.32.2"},
        "disks": [{"path": "/", "size": 100 * GIB, "free": 50 * GIB, "inodes": 1000, "inodes_free": 900}],
        "memory": {"MemTotal": 8 * GIB, "MemAvailable": 4 * GIB}, "time_synchronised": True,
        "addresses": ["127.0.0.1", "10.0.0.11"], "errors": [],
        "answers": [
            {"part": "ui", "url": "u", "status": 200, "body": {}, "error": None, "text": ""},
            {"part": "worker", "url": "w", "status": 200, "error": None, "body": {"version": "1",
        "runtime": "serving"}},
            {"part": "metrics", "url": "m", "status": 200, "error": None, "text": ""},
        ],
        "certificates": [{
            "label": "internode", "cert": "/etc/c.pem", "key": "/etc/k.pem", "usages": ["serverAuth", "clientAuth"],
            "name": "a.test", "unreadable": {}, "error": None, "days_left": 300.0, "days_until_valid": -5.0,
            "from": "x", "to": "y", "has_usages": ["serverAuth", "clientAuth"], "names": ["a.test"],
            "key_matches": True,
        }],
    }  # fmt: skip
    second = copy.deepcopy(host)
    second.update(parts=["server", "worker"], addresses=["10.0.0.12"])
    second["server_config"]["global"]["membership"]["broadcastAddress"] = "10.0.0.12"
    front = {
        "url": "http://10.0.0.11:7243",
        "error": None,
        "server_version": "1.32.2",
        "history_shards": 512,
        "name": "active",
    }
    return {
        "expected": {"server_version": "1.32.2", "cluster_name": "active", "history_shards": 512,
                     "members": [member, other], "services": ["frontend"], "connection_demand": 90},
        "hosts": {"one": host, "two": second},
        "database": {"stores": stores},
        "schema": {"stores": [{"name": "default", "target": "1.19"}, {"name": "visibility", "target": "1.14"}],
                   "steps": [], "refusal": None},
        "cluster": {
            "frontends": [front, {**front, "url": "http://10.0.0.12:7243"}],
            "namespaces": [{"name": "default", "retention": 86400, "overdue": 0}],
            "queues": [{"namespace": "default", "task_queue": "q", "identities": ["w1:3000"], "error": None,
                        "elsewhere": [], "pollers": {"workflow": [poller()], "activity": [poller()]},
                        "backlogs": {"workflow": {"count": 0, "age": 0}, "activity": None}}],
        },
        "dynamic_config_keys": {
            "versions": ["1.32.2"],
            "keys": {"frontend.keepAliveMaxConnectionAge": [["duration", "Global", "1.32.2", "1.32.2"]]},
        },
    }  # fmt: skip


def set_in(facts, path, value):
    *way, last = path
    for key in way:
        facts = facts[key]
    facts[last] = value


ONE = ("hosts", "one")
DEFAULT = ("database", "stores", "default")
VISIBILITY = ("database", "stores", "visibility")
CERTIFICATE = (*ONE, "certificates", 0)
QUEUE = ("cluster", "queues", 0)
CONFIG = (*ONE, "server_config")
UI = (*ONE, "ui_config")
SESSION = {"pid": 7, "login": "temporal", "application": "", "blocked_by": [9]}
REWRITE = {"version": "1.14", "cost": "rewrite", "table": "executions_visibility", "rows": 35000000, "bytes": 48 * GIB}
FRESH = {"service": "frontend", "membership_port": 6933, "fresh": True}
TWO_FREE = {"path": "/var", "size": 100 * GIB, "free": 50 * GIB, "inodes": 1000, "inodes_free": 1}

# Known problem → what is broken, and a part of the evidence.
BROKEN = {
    "host_unreachable": ([((*ONE, "time"), None), ((*ONE, "error"), "no route")], "no route"),
    "unit_down": ([((*ONE, "units", 0, "active"), "failed")], "failed"),
    "unit_missing": ([((*ONE, "units", 0, "load"), "not-found")], "temporal-server"),
    "unit_disabled": ([((*ONE, "units", 0, "enabled"), "disabled")], "disabled"),
    "crash_loop": ([((*ONE, "units", 0, "restarts"), 12)], "12 restarts"),
    "killed_for_memory": ([((*ONE, "units", 0, "result"), "oom-kill")], "oom-kill"),
    "unit_changed_on_disk": ([((*ONE, "units", 0, "needs_reload"), True)], "temporal-server"),
    "open_files_low": ([((*ONE, "units", 0, "open_files"), 1024)], "1024"),
    "disk_nearly_full": ([((*ONE, "disks", 0), TWO_FREE)], "1 of 1000 inodes"),
    "memory_low": ([((*ONE, "memory", "MemAvailable"), 1)], "of 8 GiB"),
    "clock_skew": ([((*ONE, "clock", "offset"), 7.0)], "+7.0 s"),
    "time_not_synchronised": ([((*ONE, "time_synchronised"), False)], "timedatectl"),
    "ui_unhealthy": ([((*ONE, "answers", 0, "status"), None), ((*ONE, "answers", 0, "error"), "refused")], "refused"),
    "worker_unhealthy": (
        [((*ONE, "answers", 1, "status"), 503), ((*ONE, "answers", 1, "body"), {"database": "disconnected"})],
        "database disconnected",
    ),
    "orchestrator_unreachable": ([((*ONE, "answers", 1, "body", "runtime"), "unreachable")], "unreachable"),
    "events_undelivered": (
        [((*ONE, "answers", 2, "text"), 'aegis_temporal_worker_activities_total{activity="a",outcome="failure"} 30.0')],
        "30 failed",
    ),
    "worker_versions_differ": ([((*ONE, "answers", 1, "body", "version"), "2")], "2 on one"),
    "worker_databases_differ": (
        [((*ONE, "units", 1, "environment"), {"DATABASE_URL": "postgresql://other/b"})], "other/b on one"),
    "schema_behind": ([((*DEFAULT, "schema_version"), "1.18")], "schema 1.18, needed is 1.19"),
    "schema_ahead": ([((*DEFAULT, "schema_version"), "1.20")], "1.20"),
    "visibility_numbered_as_main": ([((*VISIBILITY, "schema_version"), "1.16")], "1.16"),
    "stores_share_database": ([((*VISIBILITY, "identity"), "default")], "10.0.0.10:5432/default"),
    "visibility_never_updated": ([((*VISIBILITY, "schema_version"), "1.1")], "1.1"),
    "table_rewrite_ahead": (
        [(("schema", "steps"), [{"store": "visibility", "changes": [REWRITE]}])], "35,000,000 rows (48 GiB)"),
    "schema_refused": ([(("schema", "refusal"), "a minor is skipped")], "skipped"),
    "btree_gin_missing": ([((*VISIBILITY, "btree_gin"), None)], "no such extension"),
    "btree_gin_outside_search_path": (
        [((*VISIBILITY, "btree_gin"), {"schema": "extra", "visible": False, "searched": ["public"]})], "extra"),
    "invalid_index": ([((*VISIBILITY, "invalid_indexes"), ["by_type"])], "by_type"),
    "database_unreachable": ([((*DEFAULT, "reached"), False), ((*DEFAULT, "error"), "refused")], "refused"),
    "pools_over_max_connections": ([(("expected", "connection_demand"), 120)], "120 in all pools, 100 usable"),
    "connections_nearly_used": ([((*DEFAULT, "used_connections"), 99)], "99 of 100"),
    "idle_in_transaction": (
        [((*DEFAULT, "sessions"), [{**SESSION, "state": "idle in transaction", "seconds": 400.0}])], "400 s"),
    "long_query": ([((*DEFAULT, "sessions"), [{**SESSION, "state": "active", "seconds": 90.0}])], "blocked by pid 9"),
    "autovacuum_behind": (
        [((*VISIBILITY, "big_tables"), [{"name": "executions_visibility", "live": 10**6, "dead": 2 * 10**6}])],
        "2,000,000 dead"),
    "unsafe_durability": ([((*DEFAULT, "settings", "fsync"), "off")], "fsync is off"),
    "replication_slot_keeps_wal": (
        [((*DEFAULT, "slots"), [{"name": "old", "active": False, "bytes": 9 * GIB}])], "old keeps 9 GiB"),
    "database_read_only": ([((*DEFAULT, "read_only"), True)], "default store"),
    "sessions_hidden": (
        [((*DEFAULT, "hidden_logins"), ["aegis", "tv"]), ((*VISIBILITY, "hidden_logins"), ["aegis"])],
        "sessions of aegis"),
    "frontend_unreachable": ([(("cluster", "frontends", 0), {"url": "u", "error": "refused"})], "u: refused"),
    "shards_differ": ([(("expected", "history_shards"), 4)], "has 512, the inventory says 4"),
    "cluster_name_differs": ([(("expected", "cluster_name"), "other")], "'active'"),
    "server_versions_differ": ([(("cluster", "frontends", 0, "server_version"), "1.31.5")], "1.31.5"),
    "member_address_unroutable": (
        [((*DEFAULT, "members"), [{**FRESH, "address": "127.0.0.1"}])], "127.0.0.1: loopback"),
    "member_address_shared": ([((*DEFAULT, "members"), [{**FRESH, "address": "10.0.0.11"}] * 2)], "2 processes"),
    "member_unexpected": ([((*DEFAULT, "members"), [{**FRESH, "address": "10.0.0.99"}])], "10.0.0.99:6933"),
    "member_missing": ([((*DEFAULT, "members"), [{**FRESH, "address": "10.0.0.11"}])], "10.0.0.12:6933"),
    "member_stale": (
        [((*DEFAULT, "members", 0), {**FRESH, "fresh": False, "address": "10.0.0.98"})], "10.0.0.98"),
    "retention_not_applied": ([(("cluster", "namespaces", 0, "overdue"), 17)], "default: 17"),
    "queue_without_pollers": (
        [((*QUEUE, "pollers", "workflow"), []), ((*QUEUE, "elsewhere"), ["'q2' is polled by w1"])], "'q2' is polled"),
    "pollers_missing": ([((*QUEUE, "identities"), ["w1:3000", "w2:3000"])], "w2:3000"),
    "poller_stale": ([((*QUEUE, "pollers", "workflow"), [poller(), poller("old", 200.0)])], "old"),
    "backlog_without_pollers": (
        [((*QUEUE, "pollers", "workflow"), []), ((*QUEUE, "backlogs", "workflow"), {"count": 8, "age": 9})],
        "8 workflow"),
    "backlog_old": ([((*QUEUE, "backlogs", "workflow"), {"count": 8, "age": 90})], "90 s old"),
    "config_unreadable": (
        [((*ONE, "files", "/etc/temporal/config.yaml"), {"text": None, "error": "no such file"})], "no such file"),
    "plugin_unknown": (
        [((*CONFIG, "persistence", "datastores", "default", "sql", "pluginName"), "postgres")], "'postgres'"),
    "authorizer_without_internal_frontend": (
        [((*CONFIG, "global", "authorization"), {"authorizer": "default"})], "'default'"),
    "public_client_with_internal_frontend": (
        [((*CONFIG, "publicClient"), {"hostPort": "a:7233"}), ((*CONFIG, "services", "internal-frontend"), {})],
        "a:7233"),
    "broadcast_unroutable": ([((*CONFIG, "global", "membership", "broadcastAddress"), "0.0.0.0")], "0.0.0.0"),
    "broadcast_brackets": ([((*CONFIG, "global", "membership", "broadcastAddress"), "[fd00::1]")], "[fd00::1]"),
    "membership_port_too_high": ([((*CONFIG, "services", "frontend", "rpc", "membershipPort"), 40000)], "40000"),
    "dynamic_config_wrong": ([((*ONE, "dynamic_config"), {"frontend.unheardOf": 1})], "unheardOf"),
    "dynamic_config_differs": ([((*ONE, "dynamic_config"), {})], "unlike on one"),
    "stop_timeout_too_short": ([((*ONE, "units", 0, "stop_timeout"), 10.0)], "may take 10 s, draining takes up to 50"),
    "ui_cookie_insecure_missing": ([((*ONE, "expected", "public_url"), "http://ui.test")], "cookieInsecure is false"),
    "ui_cookie_insecure": ([((*UI, "cors", "cookieInsecure"), True)], "cookieInsecure is true"),
    "ui_origin_missing": ([((*UI, "cors", "allowOrigins"), ["https://old.test"])], "https://ui.test is not among"),
    "ui_any_origin": ([((*UI, "cors", "allowOrigins"), ["*"])], "*"),
    "ui_path_differs": ([((*UI, "publicPath"), "/temporal")], "/temporal"),
    "certificate_expired": ([((*CERTIFICATE, "days_left"), -1.0)], "/etc/c.pem"),
    "certificate_expires_soon": ([((*CERTIFICATE, "days_left"), 9.0)], "9 days left"),
    "certificate_wrong_usage": ([((*CERTIFICATE, "has_usages"), ["serverAuth"])], "lacks clientAuth"),
    "certificate_wrong_name": ([((*CERTIFICATE, "names"), ["b.test"])], "a.test is not among b.test"),
    "certificate_key_mismatch": ([((*CERTIFICATE, "key_matches"), False)], "/etc/k.pem"),
    "certificate_unreadable": ([((*CERTIFICATE, "unreadable"), {"/etc/k.pem": "denied"})], "denied"),
    "certificate_not_examined": ([((*CERTIFICATE, "error"), "no openssl")], "no openssl"),
    "frontend_ca_lacks_internode": (
        [((*CONFIG, "global", "tls"), {
            "internode": {"client": {"rootCaFiles": ["/ca"]}}, "frontend": {"server": {"requireClientAuth": True}},
        })], "/ca"),
}  # fmt: skip
JOURNAL = {
    "journal_schema_version": "sql schema version compatibility check failed: version mismatch",
    "journal_cannot_start": "Unable to start server. Error: could not build",
    "journal_no_database": "no usable database connection found",
    "journal_no_connections": "FATAL: sorry, too many clients already",
    "journal_no_hosts": "Not enough hosts to serve the request",
    "journal_not_bootstrapped": "ringpop is not bootstrapped yet",
    "journal_deadline": "context deadline exceeded",
    "journal_deadlock": "Potential deadlock detected",
    "journal_tls": "http: TLS handshake error from 10.0.0.9:1: EOF",
    "journal_shard_lost": "Shard ownership lost",
    "journal_denied": "Request unauthorized.",
    "journal_column_missing": 'pq: column "root_workflow_id" does not exist',
    "journal_dynamic_config": "unable to update dynamic config",
    "journal_disk_full": "could not extend file: No space left on device",
}


def test_a_healthy_deployment_has_no_finding():
    assert diagnose_run.findings(healthy()) == []


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found_with_evidence(name):
    facts = healthy()
    changes, evidence = BROKEN[name]
    for path, value in changes:
        set_in(facts, path, value)
    found = [entry for entry in diagnose_run.findings(facts) if entry["id"] == name]
    assert found, diagnose_run.findings(facts)
    assert evidence in found[0]["evidence"]
    assert found[0]["cause"] and found[0]["fix"] and found[0]["source"].startswith("https://")


@pytest.mark.parametrize("name", JOURNAL)
def test_a_line_of_a_journal_is_known_when_it_comes_often_enough(name):
    (least,) = (pattern.least for pattern in diagnose_journal.PATTERNS if pattern.problem.id == name)
    text = "\n".join([JOURNAL[name]] * least)
    assert list(diagnose_journal.matches("started\n" + text)) == [name]
    assert name not in diagnose_journal.matches("\n".join([JOURNAL[name]] * (least - 1)))
    facts = healthy()
    facts["hosts"]["one"]["units"][0]["journal"] = diagnose_journal.matches(text)
    (found,) = diagnose_run.findings(facts)
    assert (found["id"], found["host"]) == (name, "one")
    assert JOURNAL[name][:20] in found["evidence"]


def test_what_a_running_service_has_left_behind_is_a_note():
    facts = healthy()
    server = facts["hosts"]["one"]["units"][0]
    server["journal"] = {"journal_no_database": {"count": 3, "last": "1970-01-01T00:00:00+0000 one no database"}}
    facts["hosts"]["one"]["time"] = 299.0
    assert [entry["severity"] for entry in diagnose_run.findings(facts)] == ["problem"]
    facts["hosts"]["one"]["time"] = 301.0
    assert [entry["severity"] for entry in diagnose_run.findings(facts)] == ["note"]
    server["active"] = "failed"
    assert {entry["severity"] for entry in diagnose_run.findings(facts)} == {"problem"}


def test_every_known_problem_is_tried_here():
    assert set(BROKEN) | set(JOURNAL) == set(diagnose_run.PROBLEMS)
    assert all(problem.severity in SEVERITIES for problem in diagnose_run.PROBLEMS.values())


def test_nothing_at_all_is_no_crash():
    for facts in ({}, {"hosts": {"one": {}}}, {"database": {"stores": {}}, "schema": {"error": "x"}}):
        assert all(entry["id"] == "host_unreachable" for entry in diagnose_run.findings(facts))


def test_the_worst_comes_first_and_the_table_names_it():
    facts = healthy()
    for name in ("sessions_hidden", "memory_low", "schema_behind"):
        for path, value in BROKEN[name][0]:
            set_in(facts, path, value)
    entries = diagnose_run.findings(facts)
    assert [entry["severity"] for entry in entries] == ["problem", "warning", "note"]
    assert diagnose_run.counts(entries) == {"problem": 1, "warning": 1, "note": 1}
    assert diagnose_run.table(entries)[1].startswith("problem   (cluster)  schema_behind")
    text = diagnose_run.summary(entries, "Title", "today")
    assert all(entry["fix"] in text and entry["source"] in text for entry in entries)


def test_the_documentation_lists_what_the_code_knows():
    lines = (REPOSITORY / "docs" / "diagnose.md").read_text(encoding="utf-8").splitlines()
    told = {match[1]: line for line in lines if (match := re.match(r"\| `(\w+)` \|", line))}
    assert list(told) == list(diagnose_run.PROBLEMS)
    for key, problem in diagnose_run.PROBLEMS.items():
        assert told[key] == f"| `{key}` | {problem.severity} | {problem.title} | {problem.how} | <{problem.source}> |"
