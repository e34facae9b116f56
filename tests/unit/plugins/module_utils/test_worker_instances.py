# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the worker's unit is made of."""

from __future__ import annotations

import shlex
import subprocess
import urllib.parse

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import worker_instances

SETTINGS = {
    "replicas": 2,
    "port": 3000,
    "bind_address": "192.0.2.13",
    "metrics_port": 9094,
    "metrics_bind_address": "127.0.0.1",
    "identity_host": "worker-1",
    "temporal_address": "192.0.2.12:7233",
    "namespace": "default",
    "task_queue": "aegis-agents",
    "max_concurrent_activities": 100,
    "max_concurrent_workflow_tasks": 90,
    "database_host": "192.0.2.11",
    "database_port": 5432,
    "database_name": "aegis",
    "database_user": "aegis",
    "database_sslmode": "prefer",
    "database_ssl_root_certificate": "",
    "database_pool_size": 5,
    "runtime_grpc_url": "192.0.2.14:50051",
    "orchestrator_url": "http://192.0.2.14:8080",
    "keycloak_host": "",
    "keycloak_realm": "",
    "keycloak_client_id": "",
    "api_allowed_addresses": ["127.0.0.1", "192.0.2.0/24"],
    "log_level": "info",
    "shutdown_grace_seconds": 30,
    "extra_environment": {"AEGIS_EXECUTION_FALLBACK_IDLE_MS": 10},
    "install_root": "/opt/aegis-temporal",
    "minimum_free_bytes": 1000,
}


def test_instances_count_up_from_the_first_port():
    assert worker_instances.instances(SETTINGS) == [
        {
            "name": str(index),
            "unit": f"aegis-temporal-worker@{index}.service",
            "port": 3000 + index,
            "metrics_port": 9094 + index,
            "identity": f"worker-1:{3000 + index}",
            "url": f"http://192.0.2.13:{3000 + index}",
        }
        for index in (0, 1)
    ]


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:{instance+3000}/health"),
        ("::", "http://[::1]:{instance+3000}/health"),
        ("[2001:db8::1]", "http://[2001:db8::1]:{instance+3000}/health"),
    ],
)
def test_health_is_asked_where_the_host_reaches_it(bind, url):
    assert worker_instances.health({**SETTINGS, "bind_address": bind}) == [{"url": url, "status": 200}]


def test_name_as_bind_address_is_an_error():
    with pytest.raises(ValueError, match="worker-1"):
        worker_instances.instances({**SETTINGS, "bind_address": "worker-1"})


def test_the_seven_variables_of_the_contract_and_ours():
    environment = worker_instances.environment(SETTINGS)
    assert environment == {
        "TEMPORAL_ADDRESS": "192.0.2.12:7233",
        "TEMPORAL_NAMESPACE": "default",
        "TEMPORAL_TASK_QUEUE": "aegis-agents",
        "DATABASE_URL": "postgresql://aegis@192.0.2.11:5432/aegis?sslmode=prefer",
        "DATABASE_POOL_SIZE": "5",
        "AEGIS_RUNTIME_GRPC_URL": "192.0.2.14:50051",
        "AEGIS_ORCHESTRATOR_URL": "http://192.0.2.14:8080",
        "HTTP_HOST": "192.0.2.13",
        "METRICS_BIND": "127.0.0.1",
        "API_ALLOWED_ADDRESSES": "127.0.0.1,192.0.2.0/24",
        "SHUTDOWN_GRACE_SECONDS": "30",
        "LOG_LEVEL": "info",
        "MAX_CONCURRENT_ACTIVITY_TASK_EXECUTIONS": "100",
        "MAX_CONCURRENT_WORKFLOW_TASK_EXECUTIONS": "90",
        "AEGIS_EXECUTION_FALLBACK_IDLE_MS": "10",
    }


def test_keycloak_comes_without_its_secret():
    account = {"keycloak_host": "https://k", "keycloak_realm": "r", "keycloak_client_id": "c"}
    environment = worker_instances.environment({**SETTINGS, **account})
    assert {name: environment[name] for name in environment if name.startswith("KEYCLOAK")} == {
        "KEYCLOAK_HOST": "https://k",
        "KEYCLOAK_SYSTEM_REALM": "r",
        "KEYCLOAK_CLIENT_ID": "c",
    }


def test_database_url_escapes_names_and_brackets_ipv6():
    url = worker_instances.database_url(
        {
            **SETTINGS,
            "database_user": "a@b/c",
            "database_name": "x y?",
            "database_host": "2001:db8::1",
            "database_sslmode": "verify-full",
            "database_ssl_root_certificate": "/etc/ssl/my ca.pem",
        }
    )
    parts = urllib.parse.urlsplit(url)
    assert parts.hostname == "2001:db8::1"
    assert urllib.parse.unquote(parts.username) == "a@b/c"
    assert urllib.parse.unquote(parts.path) == "/x y?"
    assert urllib.parse.parse_qs(parts.query) == {"sslmode": ["verify-full"], "sslrootcert": ["/etc/ssl/my ca.pem"]}


def test_unit_environment_doubles_percent_signs_but_not_those_of_credentials():
    environment = worker_instances.unit_environment(
        {**SETTINGS, "database_user": "a@b"}, [{"id": "pgpass", "variable": "PGPASSFILE"}]
    )
    assert environment["DATABASE_URL"].startswith("postgresql://a%%40b@")
    assert environment["PGPASSFILE"] == "%d/pgpass"


@pytest.mark.parametrize("index", [0, 7])
def test_command_line_gives_each_instance_its_ports_and_identity(tmp_path, index):
    program = tmp_path / "temporal-worker/current/bin/aegis-temporal-worker"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho $PORT $METRICS_PORT $WORKER_IDENTITY\n", encoding="ascii")
    program.chmod(0o755)
    line = worker_instances.exec_start({**SETTINGS, "install_root": str(tmp_path)})
    # What systemd makes of it.
    words = shlex.split(line.replace("%i", str(index)).replace("$$", "$"))
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True, timeout=30)
    assert done.stdout.decode().split() == [str(3000 + index), str(9094 + index), f"worker-1:{3000 + index}"]


def test_host_needs_name_every_port_with_its_unit_and_variable():
    needs = worker_instances.host_needs(SETTINGS)
    assert [(item["variable"], item["port"], item["address"], item["unit"]) for item in needs["ports"]] == [
        ("temporal_worker_port", 3000, "192.0.2.13", "aegis-temporal-worker@0.service"),
        ("temporal_worker_metrics_port", 9094, "127.0.0.1", "aegis-temporal-worker@0.service"),
        ("temporal_worker_port + 1", 3001, "192.0.2.13", "aegis-temporal-worker@1.service"),
        ("temporal_worker_metrics_port + 1", 9095, "127.0.0.1", "aegis-temporal-worker@1.service"),
    ]
    assert needs["paths"] == [
        {"path": "/opt/aegis-temporal", "minimum_free_bytes": 1000, "variable": "runtime_install_root"}
    ]
