# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Compose file of a deployment, and what the export refuses."""

from __future__ import annotations

import shlex

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import compose_project
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_compose import problems

SERVER = {
    "service": {
        "name": "temporal",
        "description": "Temporal Server",
        "credentials": {"temporal.yaml": "./secrets/temporal.yaml"},
        "environment": {"PRICE": "5$"},
        "timeout_stop": 60,
        "memory_max": "2G",
        "container": {
            "image": "aegis-temporal/server:1.32.2",
            "command": ["temporal-server", "--config-file", "%d/temporal.yaml", "start"],
            "mounts": [{"source": "./temporal", "target": "/etc/temporal"}],
            "volumes": [{"name": "data", "target": "/data"}],
            "health": {"test": ["CMD", "true"], "interval": 5, "timeout": 8, "retries": 5},
        },
    },
    "after": {"temporal-schema": "done", "postgresql": "healthy"},
    "ports": ["127.0.0.1:7233:7233"],
    "content": "0123",
}
TASK = {
    "service": {
        "name": "temporal-schema",
        "description": "Schemas",
        "container": {"image": "aegis-temporal/server:1.32.2", "command": ["sh", "/etc/temporal/schema.sh"]},
    },
    "once": True,
}


def test_a_service_has_what_compose_needs():
    service = compose_project.service(SERVER, "1000:1000")
    assert service["command"] == ["temporal-server", "--config-file", "/run/secrets/temporal.yaml", "start"]
    assert service["secrets"] == [{"source": "temporal.yaml", "target": "temporal.yaml"}]
    assert service["volumes"] == ["./temporal:/etc/temporal:ro", "data:/data"]
    assert service["depends_on"] == {
        "temporal-schema": {"condition": "service_completed_successfully"},
        "postgresql": {"condition": "service_healthy"},
    }
    assert service["healthcheck"] == {"test": ["CMD", "true"], "interval": "5s", "timeout": "8s", "retries": 5}
    assert service["environment"] == {"PRICE": "5$$"}
    assert (service["user"], service["mem_limit"], service["stop_grace_period"]) == ("1000:1000", "2g", "60s")
    assert (service["restart"], service["labels"]) == ("unless-stopped", {"org.aegis.temporal.content": "0123"})


@pytest.mark.parametrize("part", [SERVER, TASK])
def test_no_service_has_rights_or_a_log_without_end(part):
    service = compose_project.service(part, "1000:1000")
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "cap_add" not in service
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    # Many of one service can run only without a name of their own.
    assert "container_name" not in service
    assert "network_mode" not in service


def test_a_task_ends():
    service = compose_project.service(TASK, "1000:1000")
    assert service["restart"] == "no"
    assert not {"stop_grace_period", "healthcheck", "ports", "secrets"} & set(service)


def test_a_project_joins_its_parts():
    project = compose_project.project([TASK, SERVER], "mine", "10.9.8.0/24", "1000:1000")
    assert list(project["services"]) == ["temporal-schema", "temporal"]
    assert project["secrets"] == {"temporal.yaml": {"file": "./secrets/temporal.yaml"}}
    assert project["volumes"] == {"data": {}}
    assert project["networks"]["default"]["ipam"]["config"] == [{"subnet": "10.9.8.0/24"}]


def test_two_files_of_one_name_are_refused():
    other = {"service": {**SERVER["service"], "name": "x", "credentials": {"temporal.yaml": "./secrets/other"}}}
    with pytest.raises(ValueError, match=r"two files are called temporal\.yaml"):
        compose_project.project([SERVER, other], "mine", "10.9.8.0/24", "1000:1000")


def test_namespaces_have_seconds():
    wanted = [
        {"name": "default", "retention": "30d"},
        {"name": "x", "search_attributes": [{"name": "A", "type": "Int"}]},
    ]
    first, second = compose_project.namespaces(wanted)
    assert (first["retention_seconds"], second["retention_seconds"]) == (2592000, None)
    assert second["search_attributes"] == {"A": "Int"}


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ({"state": "absent"}, "state: absent"),
        ({"history_archival_state": "enabled"}, "history_archival_state"),
        ({"search_attributes": [{"name": "A", "state": "absent"}]}, "search_attributes with state: absent"),
        ({"retention": "soon"}, "'soon' is not a duration"),
    ],
)
def test_what_only_modules_do_is_refused(extra, named):
    with pytest.raises(ValueError, match=named):
        compose_project.namespaces([{"name": "x", **extra}])


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("localhost:50051", "host.docker.internal:50051"),
        ("http://localhost:8080", "http://host.docker.internal:8080"),
        ("http://127.0.0.1:8080/base", "http://host.docker.internal:8080/base"),
        ("grpc://[::1]:50051", "grpc://host.docker.internal:50051"),
        ("http://localhost.example.com:8080", "http://localhost.example.com:8080"),
        ("http://10.0.0.9:8080", "http://10.0.0.9:8080"),
    ],
)
def test_the_machines_loopback_is_not_the_containers(address, reached):
    assert compose_project.reached_from_a_container(address) == reached


@pytest.mark.parametrize(
    ("password", "variable"),
    [
        ("plain", "SQL_PASSWORD=plain"),
        ("it's$HOME", "SQL_PASSWORD=it's$HOME"),
        ("with space", "SQL_CONNECT_ATTRIBUTES=password=with+space"),
    ],
)
def test_a_shell_reads_the_password_back(password, variable):
    assert shlex.split(compose_project.sql_environment(password)) == [variable]


RIGHT = {
    "directory": "/srv/compose",
    "project": "aegis-temporal",
    "uid": "1000",
    "gid": 1000,
    "own_uid": "1000",
    "subnet": "172.31.147.0/24",
    "publish_address": "127.0.0.1",
    "ports": {"compose_temporal_port": 7233, "compose_ui_port": 8233},
    "worker_ports": "3000-3009",
    "postgres_memory_mb": 1024,
    "postgres_mode": "server",
    "groups_without_hosts": [],
}


@pytest.mark.parametrize("right", [{}, {"own_uid": "0"}, {"worker_ports": "3000"}, {"publish_address": "::1"}])
def test_right_variables_pass(right):
    assert problems({**RIGHT, **right}) == []


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"directory": ""}, "compose_directory is ''"),
        ({"project": "My Project"}, "compose_project is 'My Project'"),
        ({"uid": "0"}, "compose_uid is '0'"),
        ({"gid": "staff"}, "compose_gid is 'staff'"),
        ({"uid": "1001"}, "compose_uid is 1001"),
        ({"subnet": "172.31.147.1/24"}, "compose_subnet is '172.31.147.1/24'"),
        ({"subnet": "8.8.8.0/24"}, "compose_subnet is '8.8.8.0/24'"),
        ({"subnet": "10.0.0.0/29"}, "compose_subnet is '10.0.0.0/29'"),
        ({"publish_address": "localhost"}, "compose_publish_address is 'localhost'"),
        ({"ports": {"compose_temporal_port": 0}}, "compose_temporal_port is 0"),
        ({"ports": {"a": 7233, "b": 7233}}, "a and b is 7233"),
        ({"worker_ports": "3009-3000"}, "compose_worker_ports is '3009-3000'"),
        ({"worker_ports": "7230-7239"}, "holds compose_temporal_port (7233)"),
        ({"postgres_memory_mb": 64}, "compose_postgres_memory_mb is 64"),
        ({"postgres_mode": "managed"}, "postgres_mode is 'managed'"),
        ({"groups_without_hosts": ["temporal_ui"]}, "no host in temporal_ui"),
    ],
)
def test_each_mistake_is_named(wrong, named):
    found = problems({**RIGHT, **wrong})
    assert len(found) == 1
    assert named in found[0]
