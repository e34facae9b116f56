# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration, command line and health checks of a Temporal server's host."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_config import (
    deployment,
    dynamic_config,
    health_checks,
    metrics_url,
    own_http_urls,
    redacted,
    server_config,
    start_command,
    stop_timeout,
)
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import seconds

SETTINGS = {
    "temporal_version": "1.32.2",
    "temporal_cluster_name": "active",
    "temporal_num_history_shards": "512",
    "temporal_services": ["frontend", "history", "matching", "worker"],
    "temporal_service_settings": {},
    "temporal_bind_address": "10.0.0.11",
    "temporal_broadcast_address": "10.0.0.11",
    "temporal_metrics_bind_address": "10.0.0.11",
    "temporal_metrics_port": 9090,
    "temporal_nodes": [],
    "temporal_database_plugin": "postgres12",
    "temporal_database_host": "10.0.0.5",
    "temporal_database_port": 5432,
    "temporal_database_name": "temporal",
    "temporal_database_user": "temporal",
    "temporal_database_password": "one",
    "temporal_database_tls": {},
    "temporal_visibility_database_host": "fd00::5",
    "temporal_visibility_database_port": 5433,
    "temporal_visibility_database_name": "temporal_visibility",
    "temporal_visibility_database_user": "temporal_visibility",
    "temporal_visibility_database_password": "two",
    "temporal_sql_max_conns": 20,
    "temporal_visibility_sql_max_conns": 10,
    "temporal_sql_max_conn_lifetime": "1h",
    "temporal_log_level": "info",
    "temporal_dynamic_config": {},
    "temporal_dynamic_config_path": "/etc/temporal/dynamicconfig.yaml",
    "temporal_dynamic_config_poll_interval": "10s",
    "temporal_config_overrides": {},
    "temporal_binary": "/bin/temporal-server",
    "temporal_probe_binary": "/bin/probe",
}
NASTY = [
    'it\'s "$HOME" {{ x }} \\ ü #1: %s&@/',
    "yes",
    "1e3",
    "0o17",
    "~",
    "- a",
    "!x",
    "{a: b}",
    "=",
    "<<",
    "# enable-template",
]


def config(**changes):
    return server_config({**SETTINGS, **changes})


def test_stores():
    stores = config()["persistence"]["datastores"]
    assert stores["default"]["sql"] == {
        "pluginName": "postgres12",
        "databaseName": "temporal",
        "connectAddr": "10.0.0.5:5432",
        "connectProtocol": "tcp",
        "user": "temporal",
        "password": "one",
        "maxConns": 20,
        "maxIdleConns": 20,
        "maxConnLifetime": "1h",
    }
    assert stores["visibility"]["sql"]["connectAddr"] == "[fd00::5]:5433"
    assert stores["visibility"]["sql"]["maxConns"] == 10


def test_shards_are_a_number():
    assert config()["persistence"]["numHistoryShards"] == 512


def test_database_tls():
    tls = {"enabled": True, "ca_file": "/ca", "cert_file": "/crt", "key_file": "/key", "verify_host": False}
    sql = config(temporal_database_tls=tls)["persistence"]["datastores"]["default"]["sql"]
    assert sql["tls"] == {
        "enabled": True,
        "enableHostVerification": False,
        "caFile": "/ca",
        "certFile": "/crt",
        "keyFile": "/key",
    }
    assert config(temporal_database_tls={"enabled": True})["persistence"]["datastores"]["visibility"]["sql"]["tls"] == {
        "enabled": True,
        "enableHostVerification": True,
    }


def test_services():
    services = config(temporal_services=["history"], temporal_service_settings={"history": {"grpc_port": 17234}})[
        "services"
    ]
    assert services["history"]["rpc"] == {
        "grpcPort": 17234,
        "membershipPort": 6934,
        "bindOnIP": "10.0.0.11",
        "clientConnectionConfig": {"keepAliveClientParameters": {"keepAliveTime": "10m", "keepAliveTimeout": "22s"}},
    }
    assert services["frontend"]["rpc"]["httpPort"] == 7243
    assert sorted(services) == ["frontend", "history", "matching", "worker"]


def test_servers_that_cannot_keep_alive_are_not_told_to():
    rpc = config(temporal_version="1.28.4")["services"]["history"]["rpc"]
    assert rpc == {"grpcPort": 7234, "membershipPort": 6934, "bindOnIP": "10.0.0.11"}


def test_no_http_api():
    assert (
        "httpPort"
        not in config(temporal_service_settings={"frontend": {"http_port": 0}})["services"]["frontend"]["rpc"]
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"temporal_services": ["frontend", "internal-frontend"]},
        {"temporal_nodes": [{"host": "b", "address": "10.0.0.12", "services": ["internal-frontend"]}]},
    ],
)
def test_internal_frontend_is_known_to_every_host_when_one_has_it(changes):
    assert "internal-frontend" in config(**changes)["services"]


def test_service_worker_finds_frontends_by_itself():
    assert "publicClient" not in config()


def test_metrics():
    assert config()["global"]["metrics"]["prometheus"]["listenAddress"] == "10.0.0.11:9090"
    assert "metrics" not in config(temporal_metrics_port=0)["global"]


def test_overrides_are_merged_deep_and_leave_the_rest():
    overrides = {"global": {"tls": {"refreshInterval": "1h"}}, "log": {"level": "warn"}}
    result = config(temporal_config_overrides=overrides)
    assert result["global"]["tls"] == {"refreshInterval": "1h"}
    assert result["global"]["membership"]["broadcastAddress"] == "10.0.0.11"
    assert result["log"] == {"stdout": True, "level": "warn", "format": "json"}


@pytest.mark.parametrize("password", NASTY)
def test_nasty_passwords_survive_yaml(password):
    text = yaml.safe_dump(config(temporal_visibility_database_password=password), width=10000, allow_unicode=True)
    sql = yaml.safe_load(text)["persistence"]["datastores"]["visibility"]["sql"]
    assert (sql.get("password") or sql["connectAttributes"]["password"]) == password
    # The server would treat the file as a template if a line of its beginning was such a comment.
    assert not any(line.lstrip().startswith("#") for line in text.splitlines())


def test_redacted_has_no_secret_and_everything_else():
    key = {"global": {"tls": {"frontend": {"server": {"keyData": "three", "certData": "public"}}}}}
    full = config(temporal_database_password="o n e", temporal_config_overrides=key)
    twin = redacted(full)
    text = yaml.safe_dump(twin)
    for secret in ("o n e", "two", "three"):
        assert secret not in text
    assert twin["global"]["tls"]["frontend"]["server"] == {"keyData": "********", "certData": "public"}
    assert twin["services"] == full["services"]
    assert full["persistence"]["datastores"]["visibility"]["sql"]["password"] == "two"


def test_dynamic_config():
    entries = [{"value": 1, "constraints": {"namespace": "n"}}]
    settings = {**SETTINGS, "temporal_dynamic_config": {"frontend.rps": 10, "limit.x": entries}}
    result = dynamic_config(settings)
    assert result["frontend.rps"] == [{"value": 10, "constraints": {}}]
    assert result["limit.x"] == entries
    assert result["history.shutdownDrainDuration"] == [{"value": "5s", "constraints": {}}]


def test_the_user_overrules_drain_times():
    settings = {**SETTINGS, "temporal_dynamic_config": {"history.shutdownDrainDuration": "0s"}}
    assert dynamic_config(settings)["history.shutdownDrainDuration"][0]["value"] == "0s"


@pytest.mark.parametrize(
    ("services", "dynamic", "wanted"),
    [
        # 30 s margin; each service 2 s; drains of 5 s; frontend 3 s more, history 2 s more.
        (["frontend", "history", "matching", "worker"], {}, 30 + 4 * 2 + 3 * 5 + 3 + 2),
        (["worker"], {}, 32),
        (["internal-frontend"], {}, 40),
        (["matching"], {"matching.shutdownDrainDuration": "1m"}, 92),
        (["matching"], {"matching.alignMembershipChange": "10s"}, 30 + 2 + 5 + 6 + 10),
        (["matching"], {"matching.shutdownDrainDuration": [{"value": "500ms"}, {"value": 7}]}, 39),
    ],
)
def test_stop_timeout_covers_all_drains(services, dynamic, wanted):
    assert stop_timeout({**SETTINGS, "temporal_services": services, "temporal_dynamic_config": dynamic}) == wanted


@pytest.mark.parametrize(("text", "wanted"), [("1m30s", 90), ("1.5h", 5400), ("500ms", 0.5), (7, 7), ("2d", 172800)])
def test_durations(text, wanted):
    assert seconds(text) == wanted


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "5x", True, None])
def test_no_durations(text):
    with pytest.raises(ValueError, match="is no duration"):
        seconds(text)


def test_start_command():
    assert start_command(SETTINGS, "/bin/t") == (
        "/bin/t --config-file %d/temporal.yaml --allow-no-auth start"
        " --service frontend --service history --service matching --service worker"
    )


@pytest.mark.parametrize(("version", "new"), [("1.24.2", False), ("1.29.7", False), ("1.30.9", True), ("1.32.2", True)])
def test_start_command_by_version(version, new):
    command = start_command({**SETTINGS, "temporal_version": version}, "/bin/t")
    assert ("--config-file %d/temporal.yaml" in command) is new
    assert ("--root / --config %d --env temporal" in command) is not new


def test_start_command_with_authorizer():
    overrides = {"global": {"authorization": {"authorizer": "default"}}}
    assert "--allow-no-auth" not in start_command({**SETTINGS, "temporal_config_overrides": overrides}, "/bin/t")


def checked(**changes):
    return health_checks({**SETTINGS, **changes}, "/bin/probe")


def test_every_service_is_asked_by_its_own_name():
    assert [check["argv"][1:3] for check in checked()] == [
        ["-addr=10.0.0.11:7233", "-service=temporal.api.workflowservice.v1.WorkflowService"],
        ["-addr=10.0.0.11:7234", "-service=temporal.api.workflowservice.v1.HistoryService"],
        ["-addr=10.0.0.11:7235", "-service=temporal.api.workflowservice.v1.MatchingService"],
        ["-addr=10.0.0.11:7239", "-service=temporal.api.workflowservice.v1.WorkerService"],
    ]


def test_old_service_worker_has_no_health():
    assert len(checked(temporal_version="1.30.9")) == 3
    assert len(checked(temporal_version="1.31.0")) == 4


def test_host_with_an_old_service_worker_alone():
    assert checked(temporal_version="1.24.2", temporal_services=["worker"]) == [
        {"url": "http://10.0.0.11:9090/metrics", "status": 200}
    ]


@pytest.mark.parametrize(
    ("bind", "asked"), [("0.0.0.0", "127.0.0.1:7233"), ("::", "[::1]:7233"), ("fd00::1", "[fd00::1]:7233")]
)
def test_asked_where_it_listens(bind, asked):
    assert checked(temporal_bind_address=bind)[0]["argv"][1] == "-addr=" + asked


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "http://10.0.0.11:9090/metrics"),
        ({"temporal_metrics_bind_address": "0.0.0.0"}, "http://127.0.0.1:9090/metrics"),
        ({"temporal_metrics_bind_address": "fd00::1"}, "http://[fd00::1]:9090/metrics"),
        ({"temporal_metrics_port": 0}, ""),
    ],
)
def test_where_a_host_reaches_its_own_metrics(settings, url):
    assert metrics_url({**SETTINGS, **settings}) == url


def test_own_http_urls():
    assert own_http_urls(SETTINGS) == ["http://10.0.0.11:7243"]
    assert own_http_urls({**SETTINGS, "temporal_services": ["history"]}) == []
    assert own_http_urls({**SETTINGS, "temporal_service_settings": {"frontend": {"http_port": 0}}}) == []


def test_deployment_holds_all_parts():
    result = deployment(SETTINGS)
    assert result["config"] == server_config(SETTINGS)
    assert result["redacted"] == redacted(result["config"])
    assert result["exec_start"].startswith("/bin/temporal-server ")
    assert result["health"][0]["argv"][0] == "/bin/probe"
    assert result["stop_timeout"] == stop_timeout(SETTINGS)
