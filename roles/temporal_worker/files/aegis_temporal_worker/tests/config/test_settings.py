# SPDX-License-Identifier: Apache-2.0
"""Settings: sources, checks, and that no secret shows."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path

import pytest

from aegis_temporal_worker.__main__ import main
from aegis_temporal_worker.config import Settings, SettingsError, load_settings

CANARY = "c4n4ry-s3cr3t"
URL = f"postgresql://aegis:{CANARY}@127.0.0.1:5432/aegis"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the machine, no .env of the checkout."""
    for name in list(os.environ):
        if name.lower() in Settings.model_fields or name == "HTTP_PORT":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def problems(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return caught.value.problems


def test_contract_1_1_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    settings = load_settings()
    assert settings.temporal_address == "localhost:7233"
    assert settings.temporal_namespace == "default"
    assert settings.temporal_task_queue == "aegis-agents"
    assert settings.aegis_runtime_grpc_url == "localhost:50051"
    assert settings.aegis_orchestrator_url == "http://localhost:8080"
    assert settings.port == 3000
    assert settings.max_concurrent_activity_task_executions == 100
    assert settings.max_concurrent_workflow_task_executions == 100
    assert (settings.metrics_bind, settings.metrics_port) == ("127.0.0.1", 9094)
    assert settings.database_pool_size == 5
    assert settings.identity == f"{socket.gethostname()}:3000"
    assert not settings.authenticates
    assert settings.log_level == "info"
    assert settings.aegis_runtime_grpc_keepalive_time_ms == 10_000
    assert settings.aegis_runtime_grpc_keepalive_timeout_ms == 5_000
    assert settings.aegis_runtime_grpc_max_reconnect_backoff_ms == 5_000
    assert settings.aegis_runtime_grpc_dns_min_time_between_resolutions_ms == 5_000
    assert settings.aegis_runtime_grpc_connect_timeout_ms == 60_000
    assert settings.aegis_execution_fallback_idle_ms == 5_000
    assert settings.aegis_execution_fallback_poll_ms == 1_000
    assert settings.aegis_execution_fallback_max_poll_ms == 30_000
    assert settings.aegis_execution_fallback_max_retries is None
    # Not of the contract.
    assert settings.max_cached_workflows == 500
    assert settings.human_timeout_seconds == 3600
    assert (settings.temporal_deployment_name, settings.temporal_build_id) == (None, None)
    assert settings.register_listener is None
    assert settings.register_networks == settings.api_allowed_addresses


def test_contract_1_1_only_the_database_url_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [problem.split()[0] for problem in problems(monkeypatch)] == ["DATABASE_URL"]


@pytest.mark.parametrize(
    ("variables", "port"),
    [({}, 3000), ({"HTTP_PORT": "3100"}, 3100), ({"PORT": "3200", "HTTP_PORT": "3100"}, 3200)],
)
def test_contract_1_1_port_comes_before_http_port(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], port: int
) -> None:
    for name, value in (variables | {"DATABASE_URL": URL}).items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.port == port
    assert settings.identity.endswith(f":{port}")


def test_contract_1_1_dotenv_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        f"DATABASE_URL={URL}\nTEMPORAL_NAMESPACE=from-file\nLOG_LEVEL=debug\nKEYCLOAK_HOST=\nUNKNOWN=1\n"
    )
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "from-environment")
    settings = load_settings()
    assert settings.temporal_namespace == "from-environment"
    assert settings.log_level == "debug"
    assert settings.database_url.get_secret_value() == URL


@pytest.mark.parametrize(
    ("given", "read"),
    [("runtime:50051", "runtime:50051"), ("http://runtime:1", "runtime:1"), ("grpc://[::1]:50051/", "[::1]:50051")],
)
def test_contract_1_1_a_scheme_before_the_runtimes_address_is_tolerated(
    monkeypatch: pytest.MonkeyPatch, given: str, read: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("AEGIS_RUNTIME_GRPC_URL", given)
    assert load_settings().aegis_runtime_grpc_url == read


def test_contract_1_1_a_trailing_slash_of_the_orchestrators_url_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("AEGIS_ORCHESTRATOR_URL", "http://orchestrator:8088/")
    assert load_settings().aegis_orchestrator_url == "http://orchestrator:8088"


def test_contract_1_1_every_bad_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {
        "DATABASE_URL": f"mysql://aegis:{CANARY}@db/aegis",
        "TEMPORAL_ADDRESS": "nowhere",
        "PORT": "70000",
        "METRICS_PORT": "x",
        "LOG_LEVEL": "loud",
        "NODE_ENV": "staging",
        "AEGIS_ORCHESTRATOR_URL": "orchestrator:8088",
        "SHUTDOWN_GRACE_SECONDS": "-1",
        "MAX_CONCURRENT_ACTIVITY_TASK_EXECUTIONS": "0",
        "API_ALLOWED_ADDRESSES": "10.0.0.1, 10.0.0.5/24",
        "API_TOKEN_FILE": "/does/not/exist",
        "KEYCLOAK_HOST": "http://keycloak",
    }
    found = problems(monkeypatch, **bad)
    named = {problem.split()[0] for problem in found}
    assert named == (set(bad) - {"API_TOKEN_FILE", "KEYCLOAK_HOST"}) | {"API_TOKEN", "KEYCLOAK_CLIENT_SECRET"}
    assert all("Wanted: " in problem for problem in found)
    text = "\n".join(found)
    assert "'70000'" in text
    assert "10.0.0.5/24" in text
    assert "/does/not/exist" in text
    assert "KEYCLOAK_SYSTEM_REALM, KEYCLOAK_CLIENT_ID, KEYCLOAK_CLIENT_SECRET" in text
    assert CANARY not in text


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://aegis:{CANARY}@/",
        f"postgresql://aegis:{CANARY}@db:notaport/aegis",
        f"postgresql://aegis:{CANARY}#?@db/aegis",
        f"//aegis:{CANARY}@db/aegis",
        f"postgresql://aegis:{CANARY}@db",
    ],
)
def test_a_bad_database_url_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    found = problems(monkeypatch, DATABASE_URL=url)
    assert [problem.split()[0] for problem in found] == ["DATABASE_URL"]
    assert CANARY not in found[0]


@pytest.mark.parametrize("url", ["postgres://u@h/d", "postgresql:///d?host=/run/postgresql", URL])
def test_good_database_urls(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    assert load_settings().database_url.get_secret_value() == url


def test_contract_1_1_keycloak_is_all_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 8.4, 9.1 no. 8, 19; contract 1.2, D1.3: with the scope to cancel."""
    monkeypatch.setenv("DATABASE_URL", URL)
    for name, value in {
        "KEYCLOAK_HOST": "https://keycloak/",
        "KEYCLOAK_SYSTEM_REALM": "aegis",
        "KEYCLOAK_CLIENT_ID": "aegis-temporal-worker",
    }.items():
        monkeypatch.setenv(name, value)
    assert "missing: KEYCLOAK_CLIENT_SECRET" in problems(monkeypatch)[0]
    monkeypatch.setenv("KEYCLOAK_CLIENT_SECRET", CANARY)
    settings = load_settings()
    assert settings.authenticates
    assert settings.keycloak_host == "https://keycloak"
    assert "execution:cancel" in settings.keycloak_scope


def test_secrets_come_from_files_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(f"{CANARY}\n")
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("API_TOKEN_FILE", str(secret))
    token = load_settings().api_token
    assert token is not None
    assert token.get_secret_value() == CANARY
    secret.write_text("\n")
    assert "the file is empty" in problems(monkeypatch)[0]


def test_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    assert load_settings().api_allowed_addresses == tuple(map(ipaddress.ip_network, ("127.0.0.0/8", "::1/128")))
    monkeypatch.setenv("API_ALLOWED_ADDRESSES", "10.1.2.3, fd00::/8,192.168.0.0/16,")
    assert load_settings().api_allowed_addresses == tuple(
        map(ipaddress.ip_network, ("10.1.2.3/32", "fd00::/8", "192.168.0.0/16"))
    )
    monkeypatch.setenv("API_ALLOWED_ADDRESSES", ",")
    assert "names no address" in problems(monkeypatch)[0]


@pytest.mark.parametrize("name", ["development", "production", "test", "TEST"])
def test_contract_1_1_node_env_and_proto_path_are_tolerated(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("NODE_ENV", name)
    monkeypatch.setenv("PROTO_PATH", "/somewhere/aegis_runtime.proto")
    assert load_settings().node_env == name.lower()


@pytest.mark.parametrize("level", ["trace", "debug", "info", "warn", "error", "WARN"])
def test_contract_1_1_log_levels_have_the_references_names(monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("LOG_LEVEL", level)
    assert load_settings().log_level == level.lower()


@pytest.mark.parametrize(
    ("variables", "named", "text"),
    [
        ({"TEMPORAL_DEPLOYMENT_NAME": "aegis"}, "TEMPORAL_BUILD_ID", "missing: TEMPORAL_BUILD_ID"),
        ({"TEMPORAL_BUILD_ID": "7"}, "TEMPORAL_BUILD_ID", "missing: TEMPORAL_DEPLOYMENT_NAME"),
        ({"TEMPORAL_DEPLOYMENT_NAME": "a.b", "TEMPORAL_BUILD_ID": "7"}, "TEMPORAL_DEPLOYMENT_NAME", "holds '.' or ':'"),
        ({"TEMPORAL_DEPLOYMENT_NAME": "a:b", "TEMPORAL_BUILD_ID": "7"}, "TEMPORAL_DEPLOYMENT_NAME", "holds '.' or ':'"),
        ({"TEMPORAL_DEPLOYMENT_NAME": "a", "TEMPORAL_BUILD_ID": "__7"}, "TEMPORAL_BUILD_ID", "begins with '__'"),
        ({"TEMPORAL_DEPLOYMENT_NAME": "a" * 300, "TEMPORAL_BUILD_ID": "7"}, "TEMPORAL_DEPLOYMENT_NAME", "255"),
        ({"MAX_CACHED_WORKFLOWS": "0"}, "MAX_CACHED_WORKFLOWS", "greater than or equal to 1"),
        ({"HUMAN_TIMEOUT_SECONDS": "1h"}, "HUMAN_TIMEOUT_SECONDS", "'1h'"),
        ({"HUMAN_TIMEOUT_SECONDS": "0"}, "HUMAN_TIMEOUT_SECONDS", "greater than or equal to 1"),
        ({"REGISTER_ALLOWED_ADDRESSES": "10.0.0.1,,db"}, "REGISTER_ALLOWED_ADDRESSES", "'db'"),
        ({"REGISTER_PORT": "0"}, "REGISTER_PORT", "greater than or equal to 1"),
        ({"REGISTER_PORT": "3000"}, "REGISTER_PORT", "127.0.0.1:3000"),
        ({"REGISTER_HOST": "127.0.0.1"}, "REGISTER_PORT", "127.0.0.1:3000"),
        ({"REGISTER_HOST": "10.0.0.1", "HTTP_HOST": "0.0.0.0"}, "REGISTER_PORT", "0.0.0.0:3000"),
        ({"METRICS_PORT": "3000"}, "METRICS_PORT", "is the port of the API too"),
        ({"API_TOKEN": f"{CANARY} {CANARY}"}, "API_TOKEN", "holds a blank"),
        ({"API_TOKEN": f"{CANARY}ä"}, "API_TOKEN", "not ASCII"),
        ({"AEGIS_ORCHESTRATOR_URL": f"ftp://u:{CANARY}@h"}, "AEGIS_ORCHESTRATOR_URL", "ftp://u:***@h"),
        ({"AEGIS_ORCHESTRATOR_URL": "http://[::1"}, "AEGIS_ORCHESTRATOR_URL", "Invalid IPv6 URL"),
        ({"AEGIS_ORCHESTRATOR_URL": "http://h:0"}, "AEGIS_ORCHESTRATOR_URL", "port 0"),
        ({"AEGIS_RUNTIME_GRPC_URL": f"grpc://u:{CANARY}@h:1"}, "AEGIS_RUNTIME_GRPC_URL", "is not host:port"),
    ],
)
def test_a_bad_variable_is_named_alone(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str, text: str
) -> None:
    found = problems(monkeypatch, **({"DATABASE_URL": URL} | variables))
    assert [problem.split()[0] for problem in found] == [named]
    assert text in found[0]
    assert CANARY not in found[0]


def test_worker_versioning(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": URL,
        "TEMPORAL_DEPLOYMENT_NAME": "aegis-worker",
        "TEMPORAL_BUILD_ID": "1.2.3",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.temporal_deployment_name, settings.temporal_build_id) == ("aegis-worker", "1.2.3")


@pytest.mark.parametrize(
    ("variables", "listener"),
    [
        ({"REGISTER_HOST": "10.0.0.1"}, ("10.0.0.1", 3000)),
        ({"REGISTER_PORT": "3001"}, ("127.0.0.1", 3001)),
        ({"REGISTER_HOST": "0.0.0.0", "REGISTER_PORT": "3001"}, ("0.0.0.0", 3001)),
    ],
)
def test_a_listener_for_the_registration(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], listener: tuple[str, int]
) -> None:
    for name, value in (variables | {"DATABASE_URL": URL}).items():
        monkeypatch.setenv(name, value)
    assert load_settings().register_listener == listener


def test_an_ipv4_network_written_as_ipv6_is_an_ipv4_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("REGISTER_ALLOWED_ADDRESSES", "::ffff:10.1.0.0/112,::ffff:10.2.3.4")
    assert load_settings().register_networks == tuple(map(ipaddress.ip_network, ("10.1.0.0/16", "10.2.3.4/32")))


def test_a_dotenv_that_cannot_be_read_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"API_TOKEN=\xff\xfe\n")
    assert problems(monkeypatch, DATABASE_URL=URL) == [".env cannot be read: UnicodeDecodeError. Wanted: UTF-8 text."]


def test_all_secrets_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://aegis:p%40ss-word@db/aegis?sslpassword=k3y-word")
    monkeypatch.setenv("API_TOKEN", CANARY)
    assert {"p%40ss-word", "p@ss-word", "k3y-word", CANARY} <= load_settings().secrets


def test_contract_1_1_no_secret_shows_in_the_settings_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("API_TOKEN", CANARY)
    settings = load_settings()
    assert CANARY not in repr(settings)
    assert CANARY not in str(settings)
    assert CANARY not in settings.model_dump_json()


def test_every_variable_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_example_file_names_every_variable_and_is_valid() -> None:
    example = Path(__file__).parents[2] / ".env.example"
    named = {
        line.lstrip("# ").split("=")[0]
        for line in example.read_text().splitlines()
        if "=" in line and line.lstrip("# ").split("=")[0].isupper()
    }
    assert named == {name.upper() for name in Settings.model_fields}
    assert load_settings(_env_file=example).temporal_task_queue == "aegis-agents"


def test_the_readme_describes_every_variable() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert [name for name in Settings.model_fields if f"| `{name.upper()}`" not in readme] == []


def test_the_command_ends_with_1_and_names_the_variables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "x")
    assert main([]) == 1
    shown = capsys.readouterr()
    assert "DATABASE_URL is not set" in shown.err
    assert "PORT is 'x'" in shown.err
    assert shown.out == ""


def test_check_only_checks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    assert main(["--check"]) == 0
    assert capsys.readouterr().out == "the settings are valid\n"
