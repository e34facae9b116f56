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


def test_defaults_are_the_contracts(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_only_the_database_url_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [problem.split()[0] for problem in problems(monkeypatch)] == ["DATABASE_URL"]


@pytest.mark.parametrize(
    ("variables", "port"),
    [({}, 3000), ({"HTTP_PORT": "3100"}, 3100), ({"PORT": "3200", "HTTP_PORT": "3100"}, 3200)],
)
def test_port_comes_before_http_port(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], port: int) -> None:
    for name, value in (variables | {"DATABASE_URL": URL}).items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.port == port
    assert settings.identity.endswith(f":{port}")


def test_dotenv_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
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
def test_a_scheme_before_the_runtimes_address_is_tolerated(
    monkeypatch: pytest.MonkeyPatch, given: str, read: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("AEGIS_RUNTIME_GRPC_URL", given)
    assert load_settings().aegis_runtime_grpc_url == read


def test_a_trailing_slash_of_the_orchestrators_url_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("AEGIS_ORCHESTRATOR_URL", "http://orchestrator:8088/")
    assert load_settings().aegis_orchestrator_url == "http://orchestrator:8088"


def test_every_bad_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_keycloak_is_all_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_no_secret_shows_in_the_settings_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
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
