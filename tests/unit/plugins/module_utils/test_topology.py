# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology comes from inventory variables alone."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_inventory import problems
from ansible_collections.aegis.temporal.plugins.module_utils.topology import (
    TopologyError,
    deployment_size,
    host_address,
    topology,
)


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({}, "one"),
        ({"ansible_host": "192.0.2.1"}, "192.0.2.1"),
        ({"ansible_host": "192.0.2.1", "host_address": "10.0.0.1"}, "10.0.0.1"),
        ({"ansible_host": "a-container", "ansible_connection": "community.docker.docker"}, "one"),
        ({"ansible_connection": "local", "ansible_host": "192.0.2.1"}, "127.0.0.1"),
    ],
)
def test_host_address(variables, address):
    assert host_address("one", variables) == address


def _topology(hostvars, **groups):
    groups["all"] = list(hostvars)
    return topology(groups, hostvars)


def test_connection_demand_counts_every_pool():
    result = _topology(
        {
            "one": {"host_address": "192.0.2.1"},
            "two": {"host_address": "192.0.2.2", "temporal_services": ["history"], "temporal_sql_max_conns": 50},
            "three": {"host_address": "192.0.2.3", "temporal_worker_replicas": 4},
        },
        temporal=["one", "two"],
        temporal_worker=["three"],
    )
    assert result["connection_demand"] == 4 * (20 + 10) + (50 + 10) + 4 * 5


@pytest.mark.parametrize(
    ("versions", "oldest"),
    [([None, None], ""), (["1.29.1", "1.100.0"], "1.29.1"), ([None, "1.24.2"], "1.24.2"), (["latest", None], "")],
)
def test_the_oldest_version_that_the_inventory_names(versions, oldest):
    hostvars = {
        name: {"host_address": name} | ({"temporal_version": version} if version else {})
        for name, version in zip(("one", "two"), versions, strict=True)
    }
    assert _topology(hostvars, temporal=list(hostvars))["temporal_version"] == oldest


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temporal_sql_max_conns", "many"),
        ("temporal_services", "frontend"),
        ("temporal_service_settings", {"frontend": {"grpc_port": "x"}}),
    ],
)
def test_bad_shapes_name_host_and_variable(name, value):
    with pytest.raises(TopologyError, match="one") as error:
        _topology({"one": {name: value}}, temporal=["one"])
    assert name in str(error.value)


PROXIED = {
    "one": {"host_address": "192.0.2.1"},
    "two": {"host_address": "192.0.2.2", "temporal_services": ["frontend"]},
    "three": {"host_address": "192.0.2.3"},
}


def _proxied(one=None, **groups):
    return _topology({**PROXIED, "one": {**PROXIED["one"], **(one or {})}}, haproxy=["one"], **groups)["haproxy"]


def test_proxies_listen_on_the_port_of_the_first_frontend_unless_told():
    assert _proxied() == [{"host": "one", "address": "192.0.2.1", "grpc_port": 7233}]
    settings = {"frontend": {"grpc_port": 7300}}
    hostvars = {**PROXIED, "two": {**PROXIED["two"], "temporal_service_settings": settings}}
    (node,) = _topology(hostvars, haproxy=["one"], temporal=["three", "two"])["haproxy"]
    assert node["grpc_port"] == 7233
    (node,) = _topology(hostvars, haproxy=["one"], temporal=["two", "three"])["haproxy"]
    assert node["grpc_port"] == 7300
    assert _proxied({"haproxy_port": "7400"}, temporal=["two"])[0]["grpc_port"] == 7400


def test_a_proxy_that_is_to_be_absent_is_none():
    assert _proxied({"haproxy_state": "absent"}) == []
    assert _topology(PROXIED, temporal=["two"])["haproxy"] == []


@pytest.mark.parametrize(
    ("overrides", "tls"),
    [
        (None, False),
        ({"global": {"tls": {"internode": {"server": {}}}}}, False),
        ({"global": {"tls": {"frontend": {"server": {"certFile": "/c"}}}}}, True),
        ("not a dictionary", False),
    ],
)
def test_which_frontends_have_tls(overrides, tls):
    (node,) = _topology({"one": {"host_address": "a", "temporal_config_overrides": overrides}}, temporal=["one"])[
        "temporal"
    ]
    assert node["tls"] is tls


HEALTHY = {
    "one": {"host_address": "192.0.2.1"},
    "two": {"host_address": "192.0.2.2"},
}


def test_a_healthy_inventory_has_no_problem():
    assert problems(_topology(HEALTHY, postgres=["one"], temporal=["two"]), False) == []


def test_one_host_may_be_loopback():
    assert (
        problems(_topology({"one": {"ansible_connection": "local"}}, postgres=["one"], temporal=["one"]), False) == []
    )


@pytest.mark.parametrize(
    ("hostvars", "groups", "managed", "words"),
    [
        (HEALTHY, {"postgres": ["one"]}, False, "group temporal is []"),
        (HEALTHY, {"temporal": ["two"]}, False, "group postgres is []"),
        (HEALTHY, {"temporal": ["two"], "postgres": ["one", "two"]}, False, "one database server"),
        (
            {**HEALTHY, "two": {"host_address": "192.0.2.2", "temporal_services": ["frontend", "history", "worker"]}},
            {"postgres": ["one"], "temporal": ["two"]},
            False,
            "no host runs matching",
        ),
        (
            {"one": {"host_address": "192.0.2.1"}, "two": {"host_address": "192.0.2.1"}},
            {"postgres": ["one"], "temporal": ["two"]},
            False,
            "two hosts cannot have one address",
        ),
        (
            {"one": {"ansible_connection": "local"}, "two": {"host_address": "192.0.2.2"}},
            {"postgres": ["one"], "temporal": ["two"]},
            False,
            "cannot reach a loopback address",
        ),
        (
            {**HEALTHY, "three": {"host_address": "192.0.2.3", "haproxy_port": 7300}, "four": {"host_address": "x"}},
            {"postgres": ["one"], "temporal": ["two"], "haproxy": ["three", "four"]},
            False,
            "haproxy_port is 7233 for four and 7300 for three",
        ),
        (
            {**HEALTHY, "three": {"host_address": "192.0.2.2"}},
            {"postgres": ["one"], "temporal": ["two"], "haproxy": ["three"]},
            False,
            "two hosts cannot have one address",
        ),
    ],
)
def test_problems_across_hosts(hostvars, groups, managed, words):
    found = problems(_topology(hostvars, **groups), managed)
    assert len(found) == 1
    assert words in found[0]


def test_a_managed_database_needs_no_postgres_group():
    assert problems(_topology(HEALTHY, temporal=["two"]), True) == []


@pytest.mark.parametrize(
    ("groups", "size"),
    [
        ({"temporal": ["a", "b"], "postgres": ["a"], "haproxy": [], "others": ["c"]}, "1 postgres, 2 temporal"),
        ({"all": ["a"]}, "no hosts"),
    ],
)
def test_the_size_of_a_deployment_counts_the_hosts_of_known_groups(groups, size):
    assert deployment_size(groups) == size
