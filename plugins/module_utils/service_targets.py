# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services that are asked for their health, and what each said last."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.clusters import read_system
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    Connection,
    check_base_url,
    split_address,
)
from ansible_collections.aegis.temporal.plugins.module_utils.grpc_health import SERVING, Endpoint, Health, ask
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REFUSED, HttpOptions
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import (
    DEFAULT_PORTS,
    HEALTH_NAMES,
    WORKER_HEALTH_SINCE,
    minor,
)

_FRONTENDS = ("frontend", "internal-frontend")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+([-+].*)?")


class Target:
    """One service. Ask it with look() until it is settled."""

    UNSUPPORTED = "unsupported"
    HTTP = "http"

    def __init__(self, service: str, endpoint: Endpoint, http: HttpOptions | None) -> None:
        self.service = service
        self.endpoint = endpoint
        self._http = http
        self.state = ""
        self.message = ""
        self.version = ""

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to wait for: it serves, or cannot be asked at all."""
        return self.state in (SERVING, self.UNSUPPORTED)

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"{self.service} at {self.endpoint.address}"

    def look(self, client: Callable[[Endpoint], Health]) -> None:
        """Ask once, over gRPC with C(client), then over HTTP if it has an HTTP API."""
        health = ask(self.endpoint, client)
        self.state, self.message = health.state, health.message
        if self.service == "worker" and self.state == REFUSED:
            self.message += " Before server 1.31 this service has no gRPC port: see server_version."
        if self._http is None:
            return
        try:
            version, _capabilities = read_system(TemporalHttp(self._http))
            # A server that somebody built without a version tells nothing.
            self.version = version if _VERSION.fullmatch(version) else ""
        except Problem as problem:
            if self.state == SERVING:
                self.state, self.message = self.HTTP, f"it is serving, but its HTTP API is not: {problem}"

    def know(self, version: str) -> None:
        """Take note of the server's version: before 1.31 the service worker has no health."""
        if self.service == "worker" and minor(version) < WORKER_HEALTH_SINCE:
            self.state = self.UNSUPPORTED
            self.message = f"the service worker of server {version} answers no health checks, 1.31 and newer do."

    def entry(self) -> dict[str, Any]:
        """Return its entry of the module's result."""
        return {
            "service": self.service,
            "address": self.endpoint.address,
            "name": self.endpoint.name,
            "state": self.state,
            "message": self.message,
        }


def read_targets(params: Mapping[str, Any], connection: Connection, version: str) -> list[Target]:
    """Return the targets of the module's options. Raises Problem for what is wrong, before any request."""
    entries = params["targets"]
    if entries is None:
        entries = [{"service": "frontend", "address": connection.address, "http_url": params["http_url"] or None}]
    if not entries:
        raise Problem("targets is empty: name at least one service, or leave the option out for the frontend.")
    targets = [_target(entry, connection) for entry in entries]
    labels = [target.label for target in targets]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise Problem(f"targets lists {', '.join(twice)} more than once.")
    for target in targets:
        if version:
            target.know(version)
    return targets


def read_version(text: str | None) -> str:
    """Return the option C(server_version), empty when it is not set. Raises Problem."""
    if text and not _VERSION.fullmatch(text):
        raise Problem(f"server_version is {text!r}: not a version. Write it like 1.24.2.")
    return text or ""


def _target(entry: Mapping[str, Any], connection: Connection) -> Target:
    service = entry["service"]
    host, port = split_address(f"address of {service}", entry["address"], DEFAULT_PORTS[service]["grpc_port"])
    options = connection.http
    endpoint = Endpoint(host, port, HEALTH_NAMES[service], options.tls if connection.tls else None, options.timeout)
    url, http = entry.get("http_url"), None
    if url:
        if service not in _FRONTENDS:
            raise Problem(f"http_url of {service} is {url!r}: only frontends have an HTTP API. Leave it out.")
        if (check_base_url("http_url", url).scheme == "https") != connection.tls:
            raise Problem(f"http_url of {service} is {url!r}, which does not fit tls={str(connection.tls).lower()}.")
        http = replace(options, base_url=url, retries=0)
    return Target(service, endpoint, http)
