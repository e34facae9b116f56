# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the worker that cannot work are refused by name, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_worker import problems as problems_with

TABLE = Path(__file__).parents[4] / "roles/runtime/vars/versions.yml"
VERSIONS = yaml.safe_load(TABLE.read_text())["versions"]

GOOD = {
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
    "max_concurrent_workflow_tasks": 100,
    "max_cached_workflows": 500,
    "temporal_version": "",
    "deployment_name": "",
    "build_id": "",
    "database_host": "192.0.2.11",
    "database_port": 5432,
    "database_name": "aegis",
    "database_user": "aegis",
    "database_password_is_set": True,
    "database_sslmode": "prefer",
    "database_ssl_root_certificate": "",
    "database_pool_size": 5,
    "runtime_grpc_url": "192.0.2.14:50051",
    "orchestrator_url": "http://192.0.2.14:8080",
    "keycloak_host": "",
    "keycloak_realm": "",
    "keycloak_client_id": "",
    "keycloak_client_secret_is_set": False,
    "human_timeout_seconds": 3600,
    "template_escape_everywhere": False,
    "api_allowed_addresses": ["127.0.0.1", "::1", "192.0.2.0/24"],
    "register_allowed_addresses": ["192.0.2.20"],
    "log_level": "info",
    "shutdown_grace_seconds": 30,
    "stop_margin_seconds": 15,
    "health_timeout": 120,
    "extra_environment": {"AEGIS_RUNTIME_GRPC_CONNECT_TIMEOUT_MS": 1000, "SOME_TOKEN_FILE": "/x"},
    "secrets_with_odd_characters": [],
}


VERSIONED = {"deployment_name": "aegis", "build_id": "0.1.0"}


def problems(settings):
    return problems_with(settings, VERSIONS)


def test_good_settings():
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("settings", "beginning", "words"),
    [
        ({"replicas": 0}, "temporal_worker_replicas is 0: out of range.", "from 1 to 1000"),
        ({"replicas": True}, "temporal_worker_replicas is True: not a whole number.", "whole number"),
        ({"port": 65536}, "temporal_worker_port is 65536: out of range.", "from 1 to 65535"),
        ({"port": 65535}, "temporal_worker_port is 65535: 2 instances need the ports up to 65536", "at most 65534"),
        ({"metrics_port": 65535}, "temporal_worker_metrics_port is 65535: 2 instances", "at most 65534"),
        (
            {"metrics_port": 3001},
            "temporal_worker_metrics_port is 3001: its range up to 3002 overlaps",
            "(3000 to 3001)",
        ),
        ({"metrics_port": 2999}, "temporal_worker_metrics_port is 2999: its range up to 3000 overlaps", "at least 2"),
        (
            {"temporal_address": "192.0.2.12"},
            "temporal_worker_temporal_address is '192.0.2.12': not host:port",
            ":7233",
        ),
        ({"temporal_address": "a:0"}, "temporal_worker_temporal_address is 'a:0': not host:port", ":7233"),
        ({"temporal_address": "::1:7233"}, "temporal_worker_temporal_address is '::1:7233': not host:port", ":7233"),
        ({"runtime_grpc_url": "h:50051/path"}, "temporal_worker_runtime_grpc_url is 'h:50051/path'", "has no path"),
        ({"runtime_grpc_url": "h"}, "temporal_worker_runtime_grpc_url is 'h': not host:port", ":50051"),
        ({"orchestrator_url": "h:8080"}, "temporal_worker_orchestrator_url is 'h:8080': not a URL", "http://"),
        ({"orchestrator_url": "http://h:x"}, "temporal_worker_orchestrator_url is 'http://h:x': not a URL", "http://"),
        ({"orchestrator_url": "http://h/?a=b"}, "temporal_worker_orchestrator_url is 'http://h/?a=b'", "neither query"),
        ({"namespace": ""}, "temporal_worker_namespace is ''", "plain name"),
        ({"task_queue": "a\nb"}, "temporal_worker_task_queue is 'a\\nb'", "plain name"),
        ({"task_queue": "a" * 1001}, "temporal_worker_task_queue is 'aaaa", "longer than 1000 bytes"),
        ({"log_level": "loud"}, "temporal_worker_log_level is 'loud': not a level", "trace, debug"),
        ({"identity_host": "a'b"}, 'temporal_worker_identity_host is "a\'b"', "plain host name"),
        ({"database_host": ""}, "temporal_worker_database_host is ''", "address of the PostgreSQL server"),
        ({"database_host": "a,b"}, "temporal_worker_database_host is 'a,b'", "not one address"),
        ({"database_name": ""}, "temporal_worker_database_name is ''", "role postgres creates"),
        ({"database_user": "u" * 64}, "temporal_worker_database_user is 'uuu", "longer than 63 bytes"),
        ({"database_sslmode": "on"}, "temporal_worker_database_sslmode is 'on': not a mode", "verify-full"),
        (
            {"database_sslmode": "verify-full"},
            "temporal_worker_database_ssl_root_certificate is ''",
            "path on the host",
        ),
        ({"database_ssl_root_certificate": "ca.pem"}, "temporal_worker_database_ssl_root_certificate", "absolute"),
        ({"database_password_is_set": False}, "temporal_worker_database_password is empty", "login 'aegis'"),
        (
            {"keycloak_host": "https://k"},
            "temporal_worker_keycloak_realm is empty",
            "temporal_worker_keycloak_client_id",
        ),
        ({"keycloak_client_secret_is_set": True}, "temporal_worker_keycloak_host is empty", "none of the four"),
        ({"secrets_with_odd_characters": ["api_token"]}, "temporal_worker_api_token begins or ends", "without"),
        ({"bind_address": "worker-1"}, "temporal_worker_bind_address is 'worker-1': not an IP address", "0.0.0.0"),
        ({"metrics_bind_address": ""}, "temporal_worker_metrics_bind_address is ''", "127.0.0.1"),
        ({"api_allowed_addresses": []}, "temporal_worker_api_allowed_addresses is []", "nobody could use"),
        ({"api_allowed_addresses": "192.0.2.1"}, "temporal_worker_api_allowed_addresses is '192", "not a list"),
        ({"api_allowed_addresses": ["orch-1"]}, "temporal_worker_api_allowed_addresses", "'orch-1' is no IP address"),
        ({"api_allowed_addresses": ["192.0.2.1/24"]}, "temporal_worker_api_allowed_addresses", "has host bits set"),
        ({"register_allowed_addresses": []}, "temporal_worker_register_allowed_addresses is []", "could register"),
        ({"register_allowed_addresses": ["o"]}, "temporal_worker_register_allowed_addresses", "'o' is no IP address"),
        ({"register_port": -1}, "temporal_worker_register_port is -1: out of range", "from 0 to 65535"),
        ({"register_port": 65535}, "temporal_worker_register_port is 65535: 2 instances", "at most 65534"),
        ({"register_port": 3001}, "temporal_worker_register_port is 3001: its range", "of temporal_worker_port (3000"),
        ({"register_port": 9093}, "temporal_worker_register_port is 9093: its range", "temporal_worker_metrics_port"),
        (
            {"register_bind_address": "o"},
            "temporal_worker_register_bind_address is 'o': not an IP address",
            "127.0.0.1",
        ),
        (
            {"register_bind_address": "[192.0.2.13]"},
            "temporal_worker_register_bind_address is '[192.0.2.13]': with the port of the API it meets",
            "temporal_worker_register_port too",
        ),
        ({"register_bind_address": "0.0.0.0"}, "temporal_worker_register_bind_address is '0.0.0.0'", "meets the API's"),
        (
            {"register_bind_address": "192.0.2.14", "bind_address": "::"},
            "temporal_worker_register_bind_address is '192.0.2.14'",
            "temporal_worker_bind_address '::'",
        ),
        ({"max_cached_workflows": 0}, "temporal_worker_max_cached_workflows is 0: out of range", "from 1 to"),
        (
            {"human_timeout_seconds": 0},
            "temporal_worker_human_timeout_seconds is 0: out of range",
            "from 1 to 31536000",
        ),
        (
            {"deployment_name": "a"},
            "temporal_worker_build_id is '': temporal_worker_deployment_name is set",
            "Set both",
        ),
        ({"build_id": "1"}, "temporal_worker_deployment_name is '': temporal_worker_build_id is set", "or none"),
        ({**VERSIONED, "deployment_name": "a.b"}, "temporal_worker_deployment_name is 'a.b'", "hyphens"),
        ({**VERSIONED, "deployment_name": "a:b"}, "temporal_worker_deployment_name is 'a:b'", "hyphens"),
        ({**VERSIONED, "build_id": "__x"}, "temporal_worker_build_id is '__x'", "for itself"),
        ({**VERSIONED, "build_id": "x\n"}, "temporal_worker_build_id is 'x\\n'", "control characters"),
        ({**VERSIONED, "build_id": "x" * 256}, "temporal_worker_build_id is 'xxx", "longer than 255"),
        (
            {**VERSIONED, "temporal_version": "1.28.10"},
            "temporal_worker_deployment_name is 'aegis': Worker Versioning needs Temporal Server 1.29.1 or newer, and "
            "the server is 1.28.10.",
            "Upgrade the server first",
        ),
        ({"temporal_version": "latest"}, "temporal_worker_temporal_version is 'latest'", "X.Y.Z"),
        ({**VERSIONED, "temporal_version": "1.30"}, "temporal_worker_temporal_version is '1.30'", "X.Y.Z"),
        ({"extra_environment": []}, "temporal_worker_extra_environment is []: not a dictionary", "names and values"),
        ({"extra_environment": {"PORT": 1}}, "temporal_worker_extra_environment is 'PORT'", "the role sets this"),
        ({"extra_environment": {"port": 1}}, "temporal_worker_extra_environment is 'port'", "capitals"),
        ({"extra_environment": {"MY_SECRET": "x"}}, "temporal_worker_extra_environment is 'MY_SECRET'", "readable"),
        ({"extra_environment": {"A": "x\ny"}}, "temporal_worker_extra_environment is 'A'", "control characters"),
    ],
)
def test_each_fault_is_one_problem(settings, beginning, words):
    (problem,) = problems({**GOOD, **settings})
    assert problem.startswith(beginning)
    assert words in problem


def test_all_faults_at_once():
    assert len(problems({**GOOD, "replicas": 0, "log_level": "x", "namespace": "", "bind_address": "x"})) == 4


@pytest.mark.parametrize(
    "settings",
    [
        {"register_port": 3002},
        {"register_port": 3100, "register_bind_address": "0.0.0.0"},
        {"register_bind_address": "192.0.2.14"},
        {"bind_address": "127.0.0.1", "register_bind_address": "192.0.2.13"},
        {**VERSIONED, "build_id": "v1.2.3:abc"},
        {**VERSIONED, "temporal_version": "1.29.1"},
        {**VERSIONED, "temporal_version": "1.100.0"},
        {"temporal_version": "1.24.2"},
    ],
)
def test_other_good_settings(settings):
    assert problems({**GOOD, **settings}) == []


@pytest.mark.parametrize("scheme", ["", "http://", "grpc://"])
def test_runtime_address_may_have_a_scheme(scheme):
    assert problems({**GOOD, "runtime_grpc_url": scheme + "[2001:db8::1]:50051"}) == []


def test_complete_keycloak_account_is_good():
    account = {"keycloak_host": "https://k", "keycloak_realm": "r", "keycloak_client_id": "c"}
    assert problems({**GOOD, **account, "keycloak_client_secret_is_set": True}) == []


def test_credentials_in_a_url_are_refused_and_not_shown():
    (problem,) = problems({**GOOD, "orchestrator_url": "http://me:hunter2@h:8080"})
    assert problem.startswith("temporal_worker_orchestrator_url holds a user or password")
    assert "hunter2" not in problem


def test_value_of_a_secret_looking_variable_is_not_shown():
    (problem,) = problems({**GOOD, "extra_environment": {"MY_TOKEN": "hunter2"}})
    assert "hunter2" not in problem
