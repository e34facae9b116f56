# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From module options to a client: the options of the doc fragment C(aegis.temporal.connection)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ansible.module_utils.basic import env_fallback
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import HttpOptions, TlsOptions
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem

GRPC_PORT = 7233
HTTP_PORT = 7243


@dataclass(frozen=True)
class Connection:
    """Where the frontend is and how to talk to it. C(address) is C(host:port) of its gRPC API."""

    address: str
    tls: bool
    http: HttpOptions = field(repr=False)


def connection_argument_spec() -> dict[str, Any]:
    """The options, with the environment variables of the C(temporal) command line (current and older names)."""

    def env(*names: str) -> tuple[Any, list[str]]:
        return (env_fallback, list(names))

    return {
        "address": {"type": "str", "fallback": env("TEMPORAL_ADDRESS")},
        "http_url": {"type": "str"},
        "tls": {"type": "bool", "fallback": env("TEMPORAL_TLS")},
        "ca_path": {"type": "path", "fallback": env("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_CA")},
        "client_cert": {"type": "path", "fallback": env("TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CERT")},
        "client_key": {
            "type": "path",
            "no_log": False,
            "fallback": env("TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_TLS_KEY"),
        },
        "tls_server_name": {"type": "str", "fallback": env("TEMPORAL_TLS_SERVER_NAME")},
        "tls_disable_host_verification": {
            "type": "bool",
            "default": False,
            "fallback": env("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION"),
        },
        "api_key": {"type": "str", "no_log": True, "fallback": env("TEMPORAL_API_KEY")},
        "timeout": {"type": "float", "default": 10.0},
        "retries": {"type": "int", "default": 3},
    }


def read_connection(params: Mapping[str, Any]) -> Connection:
    """Check the options together and complete what was left out. Raises Problem."""
    # An empty environment variable means "not set".
    given = {name: (None if value == "" else value) for name, value in params.items()}
    check_limits(given)
    _check_files(given)
    url = _split_http_url(given["http_url"]) if given["http_url"] else None
    tls = _uses_tls(given, url)
    if given["api_key"] and not tls and given["tls"] is None:
        raise Problem(
            f"http_url is {given['http_url']!r}: without TLS the api_key could be read on the way. "
            "Use https, or set tls to false if you mean it."
        )
    host, port = split_address("address", given["address"], GRPC_PORT) if given["address"] else ("127.0.0.1", GRPC_PORT)
    if url is not None and not given["address"]:
        host = url.hostname or host
    address = f"{_bracketed(host)}:{port}"
    http_url = given["http_url"] or f"{'https' if tls else 'http'}://{_bracketed(host)}:{HTTP_PORT}"
    options = TlsOptions(
        ca_path=given["ca_path"],
        client_cert=given["client_cert"],
        client_key=given["client_key"],
        server_name=given["tls_server_name"],
        verify=not given["tls_disable_host_verification"],
    )
    http = HttpOptions(http_url, params["timeout"], params["retries"], options, given["api_key"])
    return Connection(address, tls, http)


def check_base_url(option: str, value: str) -> SplitResult:
    """Return the parts of C(http[s]://host[:port][/path]). Raises Problem naming C(option)."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username or value != value.strip():
        raise Problem(f"{option} is {value!r}: not a base URL. Write it like http://host:port.")
    return parts


def _split_http_url(value: str) -> SplitResult:
    return check_base_url("http_url", value)


def split_address(option: str, value: str, default_port: int) -> tuple[str, int]:
    """Return host and port of C(host[:port]). Raises Problem naming C(option)."""
    try:
        parts = urlsplit("//" + value)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port == 0 or "://" in value or parts.path or parts.username or any(map(str.isspace, value)):
        raise Problem(
            f"{option} is {value!r}: not an address. Write it like host:{default_port} (a URL goes to http_url)."
        )
    return host, port or default_port


def _uses_tls(given: Mapping[str, Any], url: SplitResult | None) -> bool:
    asked = given["tls"]
    if url is not None:
        if asked is not None and asked != (url.scheme == "https"):
            raise Problem(f"tls is {str(asked).lower()}, but http_url is {given['http_url']!r}. Change one of the two.")
        return url.scheme == "https"
    if asked is not None:
        return bool(asked)
    return any(given[name] for name in ("api_key", "ca_path", "client_cert", "tls_server_name"))


def check_limits(given: Mapping[str, Any]) -> None:
    """Check the options C(timeout), in seconds, and C(retries). Raises Problem."""
    # "not >" also refuses NaN.
    if not 0 < given["timeout"] <= 3600:
        raise Problem(f"timeout is {given['timeout']}: it must be more than 0 and at most 3600 seconds.")
    if not 0 <= given["retries"] <= 20:
        raise Problem(f"retries is {given['retries']}: it must be between 0 and 20.")


def check_readable(option: str, path: str | None) -> None:
    """Raise a Problem naming C(option) when C(path) is given and cannot be read."""
    if path and not os.access(path, os.R_OK):
        raise Problem(f"{option} is {path!r}: no such file, or not readable for this user.")


def _check_files(given: Mapping[str, Any]) -> None:
    if bool(given["client_cert"]) != bool(given["client_key"]):
        raise Problem("client_cert and client_key go together: set both or none.")
    for name in ("ca_path", "client_cert", "client_key"):
        check_readable(name, given[name])


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
