# SPDX-License-Identifier: Apache-2.0
"""The worker's settings: one validated, immutable object, read once at start.

Sources, first wins: environment, then ``.env`` in the working directory. An empty value means "not set", so that
optional lines can stay in ``.env``. Names of variables are the upper-case names of the fields unless an alias says
otherwise.
"""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from aegis_temporal_worker import config_checks
from aegis_temporal_worker.config_checks import Network
from aegis_temporal_worker.redaction import without_credentials

Port = Annotated[int, Field(ge=1, le=65535)]
Positive = Annotated[int, Field(ge=1)]

LOOPBACK: Final[tuple[Network, ...]] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
# Limits of Temporal Server: limit.maxIDLength is 1000, but the two become one identifier with a separator in between.
_DEPLOYMENT_LENGTH: Final = 255
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
    max_cached_workflows: Positive = Field(500, description="workflow runs kept in memory between their tasks")
    human_timeout_seconds: Positive = Field(
        3600, description="seconds that a Human state without a timeout of its own waits"
    )
    temporal_deployment_name: str | None = Field(
        None, max_length=_DEPLOYMENT_LENGTH, description="Worker Versioning: name of the deployment"
    )
    temporal_build_id: str | None = Field(
        None,
        max_length=_DEPLOYMENT_LENGTH,
        validate_default=True,
        description="Worker Versioning: build of this worker; together with TEMPORAL_DEPLOYMENT_NAME or not at all",
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
        LOOPBACK, description="comma list of IP addresses and CIDRs that may use the API; probes and metrics are open"
    )
    register_allowed_addresses: Annotated[tuple[Network, ...] | None, NoDecode] = Field(
        None, description="comma list as before, for /register-workflow; default: API_ALLOWED_ADDRESSES"
    )
    register_host: str | None = Field(
        None, description="bind address of a listener of its own for /register-workflow; default: HTTP_HOST"
    )
    register_port: Port | None = Field(
        None,
        validate_default=True,
        description="port of a listener of its own for /register-workflow; default: PORT",
    )
    api_token_file: Path | None = Field(None, description="file with the bearer token for changing routes")
    api_token: SecretStr | None = Field(
        None,
        validate_default=True,
        description="bearer token for changing routes except /register-workflow: printable ASCII without blanks",
    )
    metrics_bind: str = Field("127.0.0.1", min_length=1, description="bind address of the metrics listener")
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        9094, description="metrics listener, another port than the API's; 0: none"
    )

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
        return config_checks.host_and_port(value)

    @field_validator("aegis_orchestrator_url", "keycloak_host")
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        return None if value is None else config_checks.http_url(value)

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr) -> SecretStr:
        return SecretStr(config_checks.database_url(value.get_secret_value()))

    @field_validator("api_allowed_addresses", "register_allowed_addresses", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        return config_checks.networks(value) if isinstance(value, str) else value

    @field_validator("register_port")
    @classmethod
    def _own_listener(cls, value: int | None, info: ValidationInfo) -> int | None:
        api = info.data.get("http_host"), info.data.get("port")
        own_host = info.data.get("register_host")
        if value is None and own_host is None:
            return value
        if config_checks.same_socket(api, (own_host or api[0], value or api[1])):
            raise ValueError(f"and REGISTER_HOST name what the API listens on already, {api[0]}:{api[1]}")
        return value

    @field_validator("metrics_port")
    @classmethod
    def _metrics_listener(cls, value: int, info: ValidationInfo) -> int:
        api = info.data.get("http_host"), info.data.get("port")
        if config_checks.same_socket(api, (info.data.get("metrics_bind"), value)):
            raise ValueError("is the port of the API too")
        return value

    @field_validator("api_token", "keycloak_client_secret", mode="before")
    @classmethod
    def _secret_from_file(cls, value: Any, info: ValidationInfo) -> Any:
        path: Path | None = info.data.get(f"{info.field_name}_file")
        if value is not None or path is None:
            return value
        return config_checks.secret_file(f"{info.field_name}_file".upper(), path)

    @field_validator("api_token")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else SecretStr(config_checks.bearer_token(value.get_secret_value()))

    @field_validator("temporal_deployment_name", "temporal_build_id")
    @classmethod
    def _version_part(cls, value: str | None, info: ValidationInfo) -> str | None:
        is_name = info.field_name == "temporal_deployment_name"
        return None if value is None else config_checks.version_part(value, is_name=is_name)

    @field_validator("temporal_build_id")
    @classmethod
    def _versioned_or_not(cls, value: str | None, info: ValidationInfo) -> str | None:
        # A name that failed its own check is absent from info.data: it was given, and is reported already.
        name = info.data.get("temporal_deployment_name", "given")
        if (value is None) != (name is None):
            missing = "TEMPORAL_BUILD_ID" if value is None else "TEMPORAL_DEPLOYMENT_NAME"
            raise ValueError(f"is one of two variables to set together or not at all; missing: {missing}")
        return value

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
    def register_listener(self) -> tuple[str, int] | None:
        """Host and port of the listener for registrations; None: the API's own."""
        if self.register_host is None and self.register_port is None:
            return None
        return self.register_host or self.http_host, self.register_port or self.port

    @property
    def register_networks(self) -> tuple[Network, ...]:
        """Peers that may register definitions."""
        return self.register_allowed_addresses or self.api_allowed_addresses

    @property
    def secrets(self) -> frozenset[str]:
        """Every secret text that is configured, so that the log can be kept clear of it."""
        found = {value.get_secret_value() for _name, value in self if isinstance(value, SecretStr)}
        parts = urlsplit(self.database_url.get_secret_value())
        # The password also as libpq sees it: without percent-encoding.
        in_query = parse_qs(parts.query)
        passwords = [parts.password or "", *in_query.get("password", ()), *in_query.get("sslpassword", ())]
        return frozenset(filter(None, {*found, *passwords, *map(unquote, passwords)}))

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
        shown = f" is {without_credentials(str(error['input']))!r}:"
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return f"{name}{shown} {message}. Wanted: {wanted}."


def load_settings(**overrides: Any) -> Settings:
    """Read and check all variables.

    ``overrides`` are field names with values that win over every source (tests use them).
    Raises ``SettingsError`` naming every bad variable.
    """
    try:
        return Settings(**overrides)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f".env cannot be read: {type(error).__name__}. Wanted: UTF-8 text."]) from None
    except ValidationError as error:
        # `from None`: the chained error would carry the input, secrets included, into a traceback.
        raise SettingsError([_describe(item) for item in error.errors(include_url=False)]) from None
