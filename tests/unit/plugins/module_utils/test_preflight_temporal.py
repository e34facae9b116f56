# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role temporal refuses, and what it only warns of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_temporal import problems, warnings
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_temporal_guard import guard_problems
from ansible_collections.aegis.temporal.plugins.plugin_utils.dynamic_config_keys import load

TABLE = Path(__file__).parents[4] / "roles/runtime/vars/versions.yml"
VERSIONS = yaml.safe_load(TABLE.read_text())["versions"]

SOUND = {
    "temporal_version": "1.32.2",
    "temporal_install_method": "archive",
    "temporal_cluster_name": "active",
    "temporal_num_history_shards": 512,
    "temporal_services": ["frontend", "history", "matching", "worker"],
    "temporal_service_settings": {},
    "temporal_bind_address": "10.0.0.11",
    "temporal_broadcast_address": "10.0.0.11",
    "temporal_metrics_bind_address": "10.0.0.11",
    "temporal_metrics_port": 9090,
    "temporal_nodes": [],
    "temporal_database_plugin": "postgres12",
    "temporal_database_host": "db.example.com",
    "temporal_database_port": 5432,
    "temporal_database_name": "temporal",
    "temporal_database_user": "temporal",
    "temporal_database_password": "secret-one",
    "temporal_database_tls": {},
    "temporal_visibility_database_host": "db.example.com",
    "temporal_visibility_database_port": 5432,
    "temporal_visibility_database_name": "temporal_visibility",
    "temporal_visibility_database_user": "temporal_visibility",
    "temporal_visibility_database_password": "secret-two",
    "temporal_sql_max_conns": 20,
    "temporal_visibility_sql_max_conns": 10,
    "temporal_sql_max_conn_lifetime": "1h",
    "temporal_schema_timeout": 3600,
    "temporal_schema_lock_timeout": 600,
    "temporal_log_level": "info",
    "temporal_dynamic_config": {},
    "temporal_dynamic_config_poll_interval": "10s",
    "temporal_config_overrides": {},
    "temporal_health_timeout": 120,
    "temporal_namespaces": [{"name": "default"}],
}
TWO_NODES = [
    {"host": "a", "address": "10.0.0.11", "services": ["frontend"]},
    {"host": "b", "address": "10.0.0.12", "services": ["history"]},
]


def found(**changes):
    return problems({**SOUND, **changes}, VERSIONS, load())


def test_defaults_are_sound():
    assert found() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"temporal_version": "1.24.2"},
        {"temporal_version": "1.32.99"},
        {"temporal_num_history_shards": "512"},
        {"temporal_services": ["frontend", "internal-frontend"]},
        {"temporal_service_settings": {"frontend": {"grpc_port": "17233", "http_port": 0}}},
        {"temporal_service_settings": {"history": {"membership_port": 32767}}},
        {"temporal_bind_address": "0.0.0.0"},
        {"temporal_bind_address": "127.0.0.1", "temporal_broadcast_address": "127.0.0.1"},
        {"temporal_bind_address": "fd00::1", "temporal_broadcast_address": "fd00::1"},
        {"temporal_metrics_port": 0, "temporal_metrics_bind_address": ""},
        {"temporal_nodes": TWO_NODES},
        {"temporal_database_plugin": "postgres12_pgx"},
        {"temporal_database_host": "10.0.0.5", "temporal_visibility_database_host": "fd00::5"},
        {"temporal_visibility_database_name": "temporal", "temporal_visibility_database_host": "other"},
        {"temporal_database_password": "a'b\"c $d{{e}}\\ü#%+&@/:"},
        {"temporal_database_tls": {"enabled": True, "ca_file": "/etc/ca.pem"}},
        {"temporal_dynamic_config": {"frontend.rps": 10, "limit.maxIDLength": [{"value": 1, "constraints": {}}]}},
        {"temporal_dynamic_config": {"history.shutdownDrainDuration": "1m30s", "matching.shutdownDrainDuration": 0}},
        {"temporal_config_overrides": {"publicClient": {"hostPort": "lb:7233"}}},
        {"temporal_namespaces": []},
        {"temporal_namespaces": [{"name": "a", "search_attributes": [{"name": "Tenant", "type": "Keyword"}]}]},
        {"temporal_namespaces": [{"name": "a", "search_attributes": [{"name": "Old", "state": "absent"}]}]},
    ],
)
def test_allowed(changes):
    assert found(**changes) == []


REFUSED = [
    ({"temporal_version": "latest"}, ["temporal_version is 'latest': not a version of the form X.Y.Z"]),
    ({"temporal_version": "v1.32.2"}, ["not a version of the form X.Y.Z"]),
    (
        {"temporal_version": "1.26.0"},
        ["temporal_version is '1.26.0'", "must not be installed", "published accidentally"],
    ),
    ({"temporal_version": "1.30.0"}, ["must not be installed", "take 1.30.9"]),
    ({"temporal_version": "1.24.0"}, ["must not be installed", "take 1.24.2"]),
    ({"temporal_version": "1.99.0"}, ["knows no schema of this minor", "1.24, 1.25"]),
    ({"temporal_install_method": "image"}, ["not a way to install on the host"]),
    (
        {"temporal_install_method": "yum"},
        ["temporal_install_method is 'yum': unknown", "archive, source, preinstalled"],
    ),
    ({"temporal_cluster_name": "a b"}, ["temporal_cluster_name is 'a b'"]),
    ({"temporal_num_history_shards": 0}, ["temporal_num_history_shards is 0: not a number of shards", "Give 512"]),
    ({"temporal_num_history_shards": -4}, ["not a number of shards"]),
    ({"temporal_num_history_shards": "many"}, ["not a number of shards"]),
    ({"temporal_num_history_shards": True}, ["not a number of shards"]),
    ({"temporal_services": []}, ["temporal_services is []: not a list of services"]),
    ({"temporal_services": "frontend"}, ["not a list of services"]),
    ({"temporal_services": ["front"]}, ["temporal_services is 'front': unknown service", "internal-frontend"]),
    ({"temporal_services": ["history", "history"]}, ["named 2 times"]),
    ({"temporal_service_settings": []}, ["temporal_service_settings is []: not a dictionary"]),
    ({"temporal_service_settings": {"front": {}}}, ["temporal_service_settings is 'front': unknown service"]),
    (
        {"temporal_service_settings": {"history": {"http_port": 1}}},
        ["temporal_service_settings.history is 'http_port'"],
    ),
    (
        {"temporal_service_settings": {"history": {"membership_port": 32768}}},
        ["temporal_service_settings.history.membership_port is 32768", "SMALLINT", "to 32767"],
    ),
    ({"temporal_service_settings": {"worker": {"grpc_port": 80}}}, ["grpc_port is 80: ports below 1024 need rights"]),
    ({"temporal_service_settings": {"worker": {"grpc_port": 70000}}}, ["grpc_port is 70000: not a port number"]),
    ({"temporal_service_settings": {"worker": {"grpc_port": 0}}}, ["grpc_port is 0: not a port number"]),
    (
        {"temporal_service_settings": {"history": {"grpc_port": 7233}}},
        ["frontend.grpc_port and temporal_service_settings.history.grpc_port is 7233: one port for two listeners"],
    ),
    ({"temporal_metrics_port": 7243}, ["frontend.http_port and temporal_metrics_port is 7243: one port"]),
    ({"temporal_metrics_port": "x"}, ["temporal_metrics_port is 'x': not a port number"]),
    (
        {"temporal_bind_address": "localhost"},
        ["temporal_bind_address is 'localhost': not an IP address", "host_address"],
    ),
    ({"temporal_broadcast_address": "0.0.0.0"}, ["temporal_broadcast_address is '0.0.0.0': no address that another"]),
    ({"temporal_broadcast_address": "::"}, ["no address that another host could dial"]),
    ({"temporal_broadcast_address": "db.example.com"}, ["temporal_broadcast_address is 'db.example.com': not an IP"]),
    ({"temporal_broadcast_address": "224.0.0.1"}, ["a multicast address"]),
    (
        {"temporal_bind_address": "0.0.0.0", "temporal_broadcast_address": "127.0.0.1", "temporal_nodes": TWO_NODES},
        ["a loopback address in a cluster of 2 hosts"],
    ),
    ({"temporal_bind_address": "127.0.0.1"}, ["listen on loopback only but announce 10.0.0.11"]),
    ({"temporal_bind_address": "::", "temporal_broadcast_address": "10.0.0.11"}, ["of another IP version"]),
    (
        {"temporal_nodes": [{**node, "address": "10.0.0.11"} for node in TWO_NODES]},
        ["temporal_broadcast_address is '10.0.0.11': also the address of a, b"],
    ),
    ({"temporal_metrics_bind_address": "all"}, ["temporal_metrics_bind_address is 'all': not an IP address"]),
    (
        {"temporal_database_plugin": "postgresql"},
        ["temporal_database_plugin is 'postgresql'", "DB=postgresql", "1.24", "Choose postgres12"],
    ),
    ({"temporal_database_plugin": "postgres"}, ["dropped this name"]),
    ({"temporal_database_plugin": "mysql8"}, ["PostgreSQL only", "postgres12_pgx, postgres12"]),
    ({"temporal_database_host": "db:5432"}, ["temporal_database_host is 'db:5432'", "the port goes into"]),
    ({"temporal_database_host": "postgres://db"}, ["neither a host name nor an IP address"]),
    ({"temporal_database_host": ""}, ["neither a host name nor an IP address"]),
    ({"temporal_database_port": 0}, ["temporal_database_port is 0: not a port number"]),
    ({"temporal_database_name": "a/b"}, ["temporal_database_name is 'a/b': not usable as the name of a database"]),
    ({"temporal_visibility_database_user": "a@b"}, ["temporal_visibility_database_user is 'a@b'", "login"]),
    ({"temporal_database_password": ""}, ["temporal_database_password is empty"]),
    ({"temporal_visibility_database_password": None}, ["temporal_visibility_database_password is empty"]),
    ({"temporal_database_password": 12345}, ["temporal_database_password is not a text", "quotes"]),
    ({"temporal_database_password": "abc "}, ["temporal_database_password begins or ends with white space"]),
    (
        {"temporal_visibility_database_name": "temporal"},
        ["temporal_visibility_database_name is 'temporal': the same database", "Give each store its own database"],
    ),
    ({"temporal_database_tls": {"cert_file": "/c"}}, ["cert_file and key_file belong together"]),
    ({"temporal_database_tls": {"ca_file": "ca.pem"}}, ["temporal_database_tls.ca_file is 'ca.pem': not an absolute"]),
    ({"temporal_sql_max_conns": 0}, ["temporal_sql_max_conns is 0: not a number of connections"]),
    ({"temporal_visibility_sql_max_conns": "x"}, ["temporal_visibility_sql_max_conns is 'x'"]),
    ({"temporal_sql_max_conn_lifetime": "forever"}, ["temporal_sql_max_conn_lifetime is 'forever': not a duration"]),
    ({"temporal_log_level": "trace"}, ["temporal_log_level is 'trace': unknown"]),
    ({"temporal_dynamic_config_poll_interval": "1s"}, ["shorter than the server accepts", "5s"]),
    ({"temporal_dynamic_config": []}, ["temporal_dynamic_config is []: not a dictionary"]),
    (
        {"temporal_dynamic_config": {"frontend.rps": [{"val": 1}]}},
        ["temporal_dynamic_config['frontend.rps']", "not an entry"],
    ),
    (
        {"temporal_dynamic_config": {"frontend.rsp": 1}},
        ["temporal_dynamic_config['frontend.rsp'] is 1", "frontend.rps?"],
    ),
    ({"temporal_dynamic_config": {"history.shutdownDrainDuration": "soon"}}, ["'soon': not a duration"]),
    ({"temporal_config_overrides": "x"}, ["temporal_config_overrides is 'x': not a dictionary"]),
    (
        {"temporal_config_overrides": {"persistence": {"numHistoryShards": 4}}},
        ["temporal_config_overrides.persistence.numHistoryShards is 4", "Use temporal_num_history_shards"],
    ),
    (
        {
            "temporal_services": ["frontend", "internal-frontend"],
            "temporal_config_overrides": {"publicClient": {"hostPort": "a:1"}},
        },
        ["temporal_config_overrides.publicClient", "beside internal-frontend"],
    ),
    ({"temporal_namespaces": "default"}, ["temporal_namespaces is 'default': not a list"]),
    ({"temporal_namespaces": [{}]}, ["an entry without a name"]),
    ({"temporal_namespaces": [{"name": "a"}, {"name": "a"}]}, ["temporal_namespaces is 'a': named 2 times"]),
    (
        {"temporal_namespaces": [{"name": "a", "search_attributes": {"Tenant": "Keyword"}}]},
        ["temporal_namespaces[name=a].search_attributes is {'Tenant': 'Keyword'}: not a list"],
    ),
    ({"temporal_namespaces": [{"name": "a", "search_attributes": ["Tenant"]}]}, ["an entry without a name"]),
    (
        {"temporal_namespaces": [{"name": "a", "search_attributes": [{"name": "Tenant", "type": "String"}]}]},
        ["temporal_namespaces[name=a].search_attributes is ['Tenant']", "the type of Tenant is 'String'"],
    ),
    (
        {"temporal_namespaces": [{"name": "a", "search_attributes": [{"name": "StartTime0 ", "type": "Int"}]}]},
        ["has the name 'StartTime0 ': not usable"],
    ),
    ({"temporal_health_timeout": 0}, ["temporal_health_timeout is 0: not a number of seconds"]),
    ({"temporal_schema_timeout": "x"}, ["temporal_schema_timeout is 'x'"]),
]


@pytest.mark.parametrize(("changes", "texts"), REFUSED, ids=[str(changes)[:60] for changes, _ in REFUSED])
def test_refused_with_name_and_fix(changes, texts):
    (problem,) = found(**changes)
    for text in texts:
        assert text in problem
    assert "secret" not in problem


def test_ports_of_services_that_run_elsewhere_do_not_clash():
    settings = {"frontend": {"grpc_port": 7234}}
    assert found(temporal_services=["frontend"], temporal_service_settings=settings) == []


def test_all_problems_at_once():
    assert (
        len(found(temporal_num_history_shards=0, temporal_database_plugin="postgresql", temporal_services=["x"])) == 3
    )


def warned(**changes):
    return warnings({**SOUND, **changes}, VERSIONS, load())


def test_no_warning():
    assert warned() == []


@pytest.mark.parametrize("version", ["1.24.2", "1.27.3", "1.28.3", "1.29.5", "1.30.3"])
def test_versions_with_known_weaknesses(version):
    assert "CVE-2026-5724" in warned(temporal_version=version)[0]


@pytest.mark.parametrize("version", ["1.28.4", "1.29.6", "1.30.4", "1.31.1"])
def test_untested_versions(version):
    (warning,) = warned(temporal_version=version)
    assert "not one of the versions that this collection's tests run" in warning


def test_unusual_shards():
    assert ["not a power of two" in text for text in warned(temporal_num_history_shards=500)] == [True]
    assert ["so many shards" in text for text in warned(temporal_num_history_shards=32768)] == [True]


LIVE = {"historyShardCount": 512, "serverVersion": "1.32.2", "clusterName": "active"}


def conflicts(live, **changes):
    return guard_problems({**SOUND, **changes}, VERSIONS, {**LIVE, **live})


@pytest.mark.parametrize(
    "live", [{}, {"serverVersion": "1.31.5"}, {"serverVersion": "1.31.1"}, {"historyShardCount": "512"}]
)
def test_no_conflict(live):
    assert conflicts(live) == []


def test_rollback_by_one_minor_is_no_conflict():
    assert conflicts({}, temporal_version="1.31.5") == []


@pytest.mark.parametrize(
    ("live", "changes", "text"),
    [
        ({"historyShardCount": 4}, {}, "temporal_num_history_shards is 512: the running cluster has 4 history shards"),
        ({"clusterName": "prod"}, {}, "temporal_cluster_name is 'active': the running cluster is named 'prod'"),
        ({"serverVersion": "1.30.9"}, {}, "the running server is 1.30.9, and no minor may be skipped. .* next to 1.31"),
        ({}, {"temporal_version": "1.30.9"}, "the running server is 1.32.2, .* next to 1.31"),
    ],
)
def test_conflicts(live, changes, text):
    (problem,) = conflicts(live, **changes)
    assert re.search(text, problem)
