# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the worker's unit is made of."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import urllib.parse
from pathlib import Path

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import worker_instances
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_worker import OWN_VARIABLES

SAMPLE = Path(__file__).parents[4] / "roles/temporal_worker/files/aegis_temporal_worker/.env.example"

SETTINGS = {
    "replicas": 2,
    "port": 3000,
    "bind_address": "192.0.2.13",
    "metrics_port": 9094,
    "metrics_bind_address": "127.0.0.1",
    "register_port": 0,
    "register_bind_address": "",
    "identity_host": "worker-1",
    "temporal_address": "192.0.2.12:7233",
    "namespace": "default",
    "task_queue": "aegis-agents",
    "max_concurrent_activities": 100,
    "max_concurrent_workflow_tasks": 90,
    "max_cached_workflows": 400,
    "deployment_name": "",
    "build_id": "",
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
    "human_timeout_seconds": 600,
    "template_escape_everywhere": False,
    "api_allowed_addresses": ["127.0.0.1", "192.0.2.0/24"],
    "register_allowed_addresses": ["192.0.2.20", "::1"],
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
            "register_port": 3000 + index,
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


@pytest.mark.parametrize(
    ("settings", "api", "register", "health"),
    [
        ({}, "192.0.2.13:3000", "192.0.2.13:3000", "192.0.2.13:3000"),
        ({"bind_address": "[::]"}, "[2001:db8::7]:3000", "[2001:db8::7]:3000", "[2001:db8::7]:3000"),
        ({"register_port": 3100}, "192.0.2.13:3000", "192.0.2.13:3100", "192.0.2.13:3000"),
        (
            {"bind_address": "127.0.0.1", "register_bind_address": "192.0.2.13"},
            "127.0.0.1:3000",
            "192.0.2.13:3000",
            "192.0.2.13:3000",
        ),
        (
            {"bind_address": "127.0.0.1", "register_bind_address": "0.0.0.0", "register_port": 3100},
            "127.0.0.1:3000",
            "[2001:db8::7]:3100",
            "[2001:db8::7]:3100",
        ),
        ({"bind_address": "127.0.0.1", "register_port": 3100}, "127.0.0.1:3000", "127.0.0.1:3100", "127.0.0.1:3000"),
    ],
)
def test_where_other_hosts_reach_the_instances(settings, api, register, health):
    found = worker_instances.urls({**SETTINGS, **settings}, "2001:db8::7")
    assert {key: urls[0] for key, urls in found.items()} == {
        "api": f"http://{api}",
        "register": f"http://{register}",
        "health": f"http://{health}",
    }
    assert all(len(urls) == 2 for urls in found.values())


def test_a_host_may_be_reached_by_name():
    found = worker_instances.urls({**SETTINGS, "bind_address": "0.0.0.0"}, "worker-1")
    assert found["health"] == ["http://worker-1:3000", "http://worker-1:3001"]


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
        "REGISTER_ALLOWED_ADDRESSES": "192.0.2.20,::1",
        "SHUTDOWN_GRACE_SECONDS": "30",
        "LOG_LEVEL": "info",
        "MAX_CONCURRENT_ACTIVITY_TASK_EXECUTIONS": "100",
        "MAX_CONCURRENT_WORKFLOW_TASK_EXECUTIONS": "90",
        "MAX_CACHED_WORKFLOWS": "400",
        "HUMAN_TIMEOUT_SECONDS": "600",
        "TEMPLATE_ESCAPE_EVERYWHERE": "false",
        "AEGIS_EXECUTION_FALLBACK_IDLE_MS": "10",
    }


@pytest.mark.parametrize("setting", ["temporal_address", "namespace", "task_queue"])
def test_what_workers_and_orchestrators_share_is_in_the_unit_so_that_a_change_restarts_it(setting):
    changed = worker_instances.unit_environment({**SETTINGS, setting: "another"}, [])
    assert changed != worker_instances.unit_environment(SETTINGS, [])


def test_what_is_set_only_when_asked_for():
    plain = worker_instances.environment(SETTINGS)
    more = worker_instances.environment(
        {
            **SETTINGS,
            "register_bind_address": "[2001:db8::1]",
            "deployment_name": "aegis",
            "build_id": "1",
            "template_escape_everywhere": True,
        }
    )
    assert {name: more[name] for name in more if plain.get(name) != more[name]} == {
        "REGISTER_HOST": "2001:db8::1",
        "TEMPORAL_DEPLOYMENT_NAME": "aegis",
        "TEMPORAL_BUILD_ID": "1",
        "TEMPLATE_ESCAPE_EVERYWHERE": "true",
    }


def test_what_the_role_sets_the_worker_knows_and_nobody_else_may_set():
    everything = {**SETTINGS, "extra_environment": {}, "keycloak_host": "https://k", "keycloak_realm": "r"}
    everything.update(
        keycloak_client_id="c", register_bind_address="::1", register_port=3100, deployment_name="a", build_id="1"
    )
    credentials = [
        {"id": name, "variable": name} for name in ("PGPASSFILE", "KEYCLOAK_CLIENT_SECRET_FILE", "API_TOKEN_FILE")
    ]
    ours = set(worker_instances.unit_environment(everything, credentials))
    ours |= set(re.findall(r"\b([A-Z_]+)=", worker_instances.exec_start(everything)))
    known = set(re.findall(r"^#? ?([A-Z_]+)=", SAMPLE.read_text(encoding="utf-8"), re.MULTILINE))
    assert ours <= known
    # Secrets that the role hands over as files, and the second name of PORT.
    assert OWN_VARIABLES - ours == {"API_TOKEN", "KEYCLOAK_CLIENT_SECRET", "HTTP_PORT"}
    assert ours <= OWN_VARIABLES


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
@pytest.mark.parametrize("register_port", [0, 3100])
def test_command_line_gives_each_instance_its_ports_and_identity(tmp_path, index, register_port):
    program = tmp_path / "temporal-worker/current/bin/aegis-temporal-worker"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho $PORT $METRICS_PORT $WORKER_IDENTITY ${REGISTER_PORT-none}\n", encoding="ascii")
    program.chmod(0o755)
    line = worker_instances.exec_start({**SETTINGS, "install_root": str(tmp_path), "register_port": register_port})
    # What systemd makes of it.
    words = shlex.split(line.replace("%i", str(index)).replace("$$", "$"))
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True, timeout=30, env={"PATH": os.environ["PATH"]})
    register = str(register_port + index) if register_port else "none"
    assert done.stdout.decode().split() == [str(3000 + index), str(9094 + index), f"worker-1:{3000 + index}", register]


@pytest.mark.parametrize(
    ("settings", "last"),
    [
        (
            {"register_port": 3100, "register_bind_address": ""},
            ("temporal_worker_register_port + 1", 3101, "192.0.2.13", "aegis-temporal-worker@1.service"),
        ),
        (
            {"register_port": 3100, "register_bind_address": "[::1]"},
            ("temporal_worker_register_port + 1", 3101, "::1", "aegis-temporal-worker@1.service"),
        ),
        (
            {"register_port": 0, "register_bind_address": "192.0.2.14"},
            ("temporal_worker_port + 1", 3001, "192.0.2.14", "aegis-temporal-worker@1.service"),
        ),
    ],
)
def test_registrations_of_their_own_have_a_port_too(settings, last):
    found = worker_instances.host_needs({**SETTINGS, **settings})["ports"]
    assert len(found) == 6
    assert tuple(found[-1][key] for key in ("variable", "port", "address", "unit")) == last
    assert worker_instances.instances({**SETTINGS, **settings})[1]["register_port"] == last[1]


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
