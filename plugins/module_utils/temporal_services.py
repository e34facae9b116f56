# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of a Temporal server: their ports, their names for gRPC health, and how durations are written."""

from __future__ import annotations

import re
import typing as t

Settings = t.Mapping[str, t.Any]

# Default ports: config/development-postgres12.yaml of the server; internal-frontend: docker/config_template.yaml.
DEFAULT_PORTS: dict[str, dict[str, int]] = {
    "frontend": {"grpc_port": 7233, "membership_port": 6933, "http_port": 7243},
    "history": {"grpc_port": 7234, "membership_port": 6934},
    "matching": {"grpc_port": 7235, "membership_port": 6935},
    "worker": {"grpc_port": 7239, "membership_port": 6939},
    "internal-frontend": {"grpc_port": 7236, "membership_port": 6936, "http_port": 7246},
}
SERVICES = tuple(DEFAULT_PORTS)
# A cluster works only if each of these runs somewhere; internal-frontend is optional.
NEEDED_SERVICES = ("frontend", "history", "matching", "worker")

# Names for grpc.health.v1: service/{frontend,history,matching,worker}/service.go of the server.
HEALTH_NAMES = {
    "frontend": "temporal.api.workflowservice.v1.WorkflowService",
    "internal-frontend": "temporal.api.workflowservice.v1.WorkflowService",
    "history": "temporal.api.workflowservice.v1.HistoryService",
    "matching": "temporal.api.workflowservice.v1.MatchingService",
    "worker": "temporal.api.workflowservice.v1.WorkerService",
}
# Before this minor the service worker has no gRPC server, hence no health to ask for.
WORKER_HEALTH_SINCE = (1, 31)

_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def minor(version: str) -> tuple[int, int]:
    """Return (1, 32) of "1.32.2".

    Raises:
        ValueError: ``version`` does not begin with two numbers.
    """
    first, second = version.split(".")[:2]
    return int(first), int(second)


def ports(settings: Settings, service: str) -> dict[str, int]:
    """Return the ports of ``service`` on this host: the user's temporal_service_settings over the defaults."""
    own = (settings.get("temporal_service_settings") or {}).get(service) or {}
    return {key: int(own.get(key, value)) for key, value in DEFAULT_PORTS[service].items()}


def uses_internal_frontend(settings: Settings) -> bool:
    """Whether any host of the cluster runs internal-frontend, which changes the configuration of all."""
    everywhere = [settings["temporal_services"], *(node["services"] for node in settings.get("temporal_nodes") or [])]
    return any("internal-frontend" in services for services in everywhere)


def seconds(duration: t.Any) -> float:
    """Return the seconds of a duration as the server reads it: "1m30s", or a number of seconds.

    Raises:
        ValueError: ``duration`` is neither.
    """
    if isinstance(duration, (int, float)) and not isinstance(duration, bool):
        return float(duration)
    text = str(duration).strip()
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(value + unit for value, unit in parts) != text:
        raise ValueError("%r is no duration" % duration)
    return sum(float(value) * _SECONDS[unit] for value, unit in parts)


def endpoint(address: str, port: int) -> str:
    """Return address:port, with brackets around an IPv6 address."""
    return "%s:%d" % ("[%s]" % address if ":" in address else address, port)
