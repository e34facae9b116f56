# SPDX-License-Identifier: Apache-2.0
"""The worker's settings: one validated, immutable object, read once at start.

Sources, first wins: environment, then ``.env`` in the working directory. An empty value means "not set", so that
optional lines can stay in ``.env``. Names of variables are the upper-case names of the fields unless an alias says
otherwise.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args
from urllib.parse import parse_qs, urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

Port = Annotated[int, Field(ge=1, le=65535)]
Positive = Annotated[int, Field(ge=1)]

LOOPBACK: Final[tuple[Network, ...]] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_HOST_PORT: Final = re.compile(r"^(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})$")
_KEYCLOAK: Final = ("keycloak_host", "keycloak_system_realm", "keycloak_client_id", "keycloak_client_secret")
# The scopes that the reference asks for, plus execution:cancel: without it an abandoned agent run keeps running.
_DEFAULT_SCOPE: Final = (
    "agent:read agent:execute execution:read execution:stream execution:cancel workflow:read volume:read volume:write"
)


class SettingsError(Exception):
    """One or more variables are missing or wrong. ``str()`` lists them all, one a line, without any secret."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class Settings(BaseSettings):
    """All settings of one worker process. Secrets are ``SecretStr``: they never show in ``repr`` or logs."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    # Temporal
    temporal_address: str = Field("localhost:7233", description="host:port of the frontend (plain gRPC)")
    temporal_namespace: str = Field("default", min_length=1, description="namespace of the task queue")
    temporal_task_queue: str = Field(
        "aegis-agents", min_length=1, description="must equal the orchestrator's temporal.task_queue"
    )
    max_concurrent_activity_task_executions: Positive = Field(100, description="activities at once")
    max_concurrent_workflow_task_executions: Positive = Field(100, description="workflow tasks at once")
    worker_identity: str = Field("", description="name of this poller; default <hostname>:<port>")
    shutdown_grace_seconds: Annotated[float, Field(gt=0, le=86400)] = Field(
        30.0, description="seconds that running activities get to finish after SIGTERM"
    )

    # PostgreSQL
    database_url: SecretStr = Field(
        description="postgresql://USER@HOST:PORT/NAME of the database that the orchestrator uses; "
        "the password may come from PGPASSFILE instead"
    )
    pgpassfile: Path | None = Field(None, description="file in libpq's format with the password of the database")
    database_pool_size: Positive = Field(5, description="most connections of this process")
    database_start_timeout_seconds: Annotated[float, Field(ge=0, le=3600)] = Field(
        60.0, description="how long the start waits for a database that does not answer"
    )

    # AEGIS
    aegis_runtime_grpc_url: str = Field("localhost:50051", description="host:port of the runtime (plain gRPC)")
    aegis_orchestrator_url: str = Field("http://localhost:8080", description="base URL of the orchestrator")
    aegis_runtime_grpc_keepalive_time_ms: Positive = Field(10_000, description="interval of HTTP/2 pings, ms")
    aegis_runtime_grpc_keepalive_timeout_ms: Positive = Field(5_000, description="limit for a ping's answer, ms")
    aegis_runtime_grpc_max_reconnect_backoff_ms: Positive = Field(5_000, description="longest reconnect gap, ms")
    aegis_runtime_grpc_dns_min_time_between_resolutions_ms: Positive = Field(5_000, description="DNS cache, ms")
    aegis_runtime_grpc_connect_timeout_ms: Positive = Field(60_000, description="wait for a ready channel, ms")
    aegis_execution_fallback_idle_ms: Positive = Field(5_000, description="silence before status polling, ms")
    aegis_execution_fallback_poll_ms: Positive = Field(1_000, description="first polling delay, ms")
    aegis_execution_fallback_max_poll_ms: Positive = Field(30_000, description="longest polling delay, ms")
    aegis_execution_fallback_max_retries: Positive | None = Field(None, description="polls at most; unset: no limit")

    # Keycloak service account: all four or none
    keycloak_host: str | None = Field(None, description="base URL of Keycloak")
    keycloak_system_realm: str | None = Field(None, description="realm of the service account")
    keycloak_client_id: str | None = Field(None, description="the event route needs aegis-temporal-worker")
    keycloak_client_secret_file: Path | None = Field(None, description="file with the client secret")
    keycloak_client_secret: SecretStr | None = Field(None, validate_default=True, description="client secret")
    keycloak_scope: str = Field(_DEFAULT_SCOPE, description="scopes asked for, separated by blanks")

    template_escape_everywhere: bool = Field(
        default=False, description="true: {{ }} escapes HTML everywhere, as the reference does; false: in commands only"
    )

    # HTTP
    port: Port = Field(3000, validation_alias=AliasChoices("PORT", "HTTP_PORT"), description="management API")
    http_host: str = Field("127.0.0.1", min_length=1, description="bind address of the management API")
    api_allowed_addresses: Annotated[tuple[Network, ...], NoDecode] = Field(
        LOOPBACK, description="comma list of IP addresses and CIDRs that may use the API; /health and /metrics are open"
    )
    api_token_file: Path | None = Field(None, description="file with the bearer token for changing routes")
    api_token: SecretStr | None = Field(
        None, validate_default=True, description="bearer token for changing routes except /register-workflow"
    )
    metrics_bind: str = Field("127.0.0.1", min_length=1, description="bind address of the metrics listener")
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = Field(9094, description="metrics listener; 0: none")

    # Logging
    log_level: Literal["trace", "debug", "info", "warn", "error"] = Field("info", description="least level shown")
    node_env: Literal["development", "production", "test"] = Field(
        "production", description="development: log lines for people in place of JSON"
    )

    @field_validator("log_level", "node_env", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("temporal_address", "aegis_runtime_grpc_url")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        bare = re.sub(r"^[a-z][a-z0-9+.-]*://", "", value.strip(), flags=re.IGNORECASE).rstrip("/")
        match = _HOST_PORT.match(bare)
        if match is None or not 1 <= int(match["port"]) <= 65535:
            raise ValueError("is not host:port")
        return bare

    @field_validator("aegis_orchestrator_url", "keycloak_host")
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value.strip())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("is not a URL that begins with http:// or https://")
        return value.strip().rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
            has_host = bool(parts.hostname or parse_qs(parts.query).get("host"))
            no_port = parts.port == 0
        except ValueError:
            raise ValueError(
                "cannot be read as a URL; special characters in user or password must be percent-encoded"
            ) from None
        if parts.scheme not in {"postgresql", "postgres"}:
            raise ValueError("does not begin with postgresql://")
        if not has_host:
            raise ValueError("names no host")
        if no_port:
            raise ValueError("names port 0, which no server listens on")
        if not parts.path.strip("/"):
            raise ValueError("names no database")
        return value

    @field_validator("api_allowed_addresses", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        networks = []
        for item in filter(None, (part.strip() for part in value.split(","))):
            try:
                networks.append(ipaddress.ip_network(item))
            except ValueError:
                raise ValueError(f"holds {item!r}, which is no IP address and no network such as 10.0.0.0/24") from None
        if not networks:
            raise ValueError("names no address")
        return tuple(networks)

    @field_validator("api_token", "keycloak_client_secret", mode="before")
    @classmethod
    def _secret_from_file(cls, value: Any, info: ValidationInfo) -> Any:
        path: Path | None = info.data.get(f"{info.field_name}_file")
        if value is not None or path is None:
            return value
        name = f"{info.field_name}_file".upper()
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"cannot be read from {name} {str(path)!r}: {type(error).__name__}") from None
        if not text:
            raise ValueError(f"cannot be read from {name} {str(path)!r}: the file is empty")
        return text

    @field_validator("keycloak_client_secret")
    @classmethod
    def _all_or_nothing(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # A variable that failed its own check is absent from info.data: it was given, and is reported already.
        given = {name: info.data.get(name, "given") for name in _KEYCLOAK[:-1]} | {_KEYCLOAK[-1]: value}
        missing = [name.upper() for name, item in given.items() if item is None]
        if missing and len(missing) < len(given):
            raise ValueError(f"is one of four variables to set together or not at all; missing: {', '.join(missing)}")
        return value

    @property
    def identity(self) -> str:
        """Identity of this poller in Temporal and in every log line."""
        # Host and port, not the process id: a restarted instance is the same poller.
        return self.worker_identity or f"{socket.gethostname()}:{self.port}"

    @property
    def authenticates(self) -> bool:
        """Whether a Keycloak service account is configured."""
        return self.keycloak_host is not None


def _variable(location: tuple[int | str, ...]) -> str:
    return str(location[0]).upper() if location else "SETTINGS"


def _describe(error: Any) -> str:
    """One line for one pydantic error: variable, what is wrong, the fix. Never the value of a secret."""
    name = _variable(error["loc"])
    field = Settings.model_fields.get(name.lower()) or Settings.model_fields.get("port")
    wanted = field.description if field and field.description else ""
    if error["type"] == "missing":
        return f"{name} is not set. Set it to: {wanted}."
    shown = ""
    secret = field is None or SecretStr in (field.annotation, *get_args(field.annotation))
    if not secret and isinstance(error.get("input"), (str, int, float)):
        shown = f" is {str(error['input'])!r}:"
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return f"{name}{shown} {message}. Wanted: {wanted}."


def load_settings(**overrides: Any) -> Settings:
    """Read and check all variables.

    ``overrides`` are field names with values that win over every source (tests use them).
    Raises ``SettingsError`` naming every bad variable.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        # `from None`: the chained error would carry the input, secrets included, into a traceback.
        raise SettingsError([_describe(item) for item in error.errors(include_url=False)]) from None
