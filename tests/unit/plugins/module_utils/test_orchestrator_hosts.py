# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What orchestrators are told of the deployment, and which variables are refused."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.orchestrator_hosts import orchestrators, problems
from ansible_collections.aegis.temporal.plugins.module_utils.topology import TopologyError

PATH = "/etc/aegis/aegis-config.yaml"


def inventory(orchestrator=None, worker=None, server=None, same_host=False):
    """Groups and hostvars of one server, two workers and one orchestrator."""
    hostvars = {
        "server-1": {"ansible_host": "192.0.2.21", **(server or {})},
        "worker-1": {"ansible_host": "192.0.2.41", **(worker or {})},
        "worker-2": {"ansible_host": "192.0.2.42", **(worker or {})},
        "orchestrator-1": {
            "ansible_host": "192.0.2.51",
            "aegis_orchestrator_config_path": PATH,
            **(orchestrator or {}),
        },
    }
    groups = {
        "all": list(hostvars),
        "temporal": ["server-1"],
        "temporal_worker": ["worker-1", "worker-2", *(["orchestrator-1"] if same_host else [])],
        "aegis_orchestrator": ["orchestrator-1"],
    }
    return groups, hostvars


def block(**variables):
    return orchestrators(*inventory(**variables))["orchestrator-1"]["block"]


def test_everything_is_derived_from_the_inventory():
    assert orchestrators(*inventory()) == {
        "orchestrator-1": {
            "path": PATH,
            "service": "",
            "block": {
                "address": "192.0.2.21:7233",
                "namespace": "default",
                "task_queue": "aegis-agents",
                "worker_http_endpoint": "http://192.0.2.41:3000",
            },
        }
    }
    assert problems(*inventory()) == []


def test_the_address_is_the_proxys_where_there_is_one():
    groups, hostvars = inventory()
    hostvars["proxy-1"] = {"ansible_host": "192.0.2.61", "haproxy_port": 7300}
    given = ({**groups, "haproxy": ["proxy-1"]}, hostvars)
    assert orchestrators(*given)["orchestrator-1"]["block"]["address"] == "192.0.2.61:7300"


def test_without_a_path_nothing_is_written():
    given = inventory({"aegis_orchestrator_config_path": ""})
    assert orchestrators(*given) == {}
    assert problems(*given) == []
    assert problems({"all": []}, {}) == []


def test_namespace_and_queue_are_the_workers_own():
    assert block(worker={"temporal_worker_namespace": "production", "temporal_worker_task_queue": "q"}) == {
        "address": "192.0.2.21:7233",
        "namespace": "production",
        "task_queue": "q",
        "worker_http_endpoint": "http://192.0.2.41:3000",
    }


def test_the_workers_own_address_of_temporal_is_used():
    assert block(worker={"temporal_worker_temporal_address": "lb:7233"})["address"] == "lb:7233"


@pytest.mark.parametrize(("entries", "address"), [(False, "temporal.example.com:7233"), (True, "192.0.2.21:7233")])
def test_the_name_of_all_frontends_is_used_where_dns_has_it(entries, address):
    given = {"temporal_frontend_name": "temporal.example.com", "temporal_frontend_hosts_entries": entries}
    assert block(worker=given)["address"] == address


def test_variables_of_the_orchestrator_win():
    found = block(
        orchestrator={
            "aegis_orchestrator_temporal_address": "env:TEMPORAL_ADDRESS",
            "aegis_orchestrator_worker_http_endpoint": "http://workers.example.com",
        }
    )
    assert found["address"] == "env:TEMPORAL_ADDRESS"
    assert found["worker_http_endpoint"] == "http://workers.example.com"


@pytest.mark.parametrize(
    ("worker", "url"),
    [
        ({"temporal_worker_port": 3100}, "http://192.0.2.41:3100"),
        ({"temporal_worker_register_port": 3200}, "http://192.0.2.41:3200"),
        ({"temporal_worker_bind_address": "0.0.0.0"}, "http://192.0.2.41:3000"),
        ({"temporal_worker_bind_address": "127.0.0.1", "temporal_worker_register_bind_address": "::"}, None),
        ({"temporal_worker_register_bind_address": "2001:db8::1"}, "http://[2001:db8::1]:3000"),
    ],
)
def test_the_listener_that_takes_registrations(worker, url):
    assert block(worker=worker)["worker_http_endpoint"] == (url or "http://192.0.2.41:3000")


def test_a_worker_on_the_same_host_is_preferred():
    loopback = {"temporal_worker_bind_address": "127.0.0.1"}
    given = inventory(orchestrator=loopback, same_host=True)
    assert orchestrators(*given)["orchestrator-1"]["block"]["worker_http_endpoint"] == "http://127.0.0.1:3000"
    assert problems(*given) == []


def test_two_namespaces_are_one_too_many():
    groups, hostvars = inventory()
    hostvars["worker-1"]["temporal_worker_namespace"] = "a"
    hostvars["worker-2"]["temporal_worker_namespace"] = "b"
    with pytest.raises(TopologyError, match="temporal_worker_namespace has different values"):
        orchestrators(groups, hostvars)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"orchestrator": {"aegis_orchestrator_config_path": "etc/x"}},
            ["config_path of host orchestrator-1 is 'etc/x'"],
        ),
        ({"orchestrator": {"aegis_orchestrator_service": "a b"}}, ["aegis_orchestrator_service of host", "'a b'"]),
        (
            {"orchestrator": {"aegis_orchestrator_config_path": "", "aegis_orchestrator_service": "aegis"}},
            ["nothing is written for it"],
        ),
        (
            {"orchestrator": {"aegis_orchestrator_temporal_address": "nowhere"}},
            ["aegis_orchestrator_temporal_address is 'nowhere': not host:port"],
        ),
        ({"worker": {"temporal_worker_namespace": "env:X"}}, ["temporal_worker_namespace is 'env:X'"]),
        ({"server": {"temporal_services": ["history"]}}, ["no host runs a frontend"]),
        ({"worker": {"temporal_worker_bind_address": "127.0.0.1"}}, ["loopback of another host"]),
        ({"worker": {"temporal_worker_register_bind_address": "::1"}}, ["loopback of another host"]),
    ],
)
def test_problems(given, words):
    (problem,) = problems(*inventory(**given))
    assert not [word for word in words if word not in problem], problem


def test_no_worker():
    groups, hostvars = inventory()
    groups["temporal_worker"] = []
    (problem,) = problems(groups, hostvars)
    assert "no host runs a worker" in problem
