# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deployment as a Compose project, from the descriptions that `container_spec` makes of its services.

The keys are those of the Compose specification (https://github.com/compose-spec/compose-spec/blob/main/spec.md).
"""

from __future__ import annotations

import shlex
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.container_spec import Description, container
from ansible_collections.aegis.temporal.plugins.module_utils.durations import parse_duration
from ansible_collections.aegis.temporal.plugins.module_utils.sql_password import tool_environment

Part = t.Mapping[str, t.Any]

LABEL_CONTENT = "org.aegis.temporal.content"
"""Label with a digest of the files that a service reads: Compose makes a container anew when it differs."""

# Docker's own defaults keep every log for ever.
_LOGGING = {"driver": "json-file", "options": {"max-size": "10m", "max-file": "5"}}
# A service that another one waits for, and a task that has to end well before another service starts.
_CONDITIONS = {"healthy": "service_healthy", "done": "service_completed_successfully"}
_ARCHIVAL = ("history_archival_state", "visibility_archival_state")


def literal(value: t.Any) -> t.Any:
    """Return ``value`` with every dollar sign doubled, at every depth: Compose replaces variables in all texts."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, t.Mapping):
        return {key: literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [literal(item) for item in value]
    return value


def _health(health: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    result = dict(health)
    for key in ("interval", "timeout", "start_period"):
        if key in result:
            result[key] = "%ds" % result[key]
    return result


def _mounts(described: Description) -> list[str]:
    return [
        "%s:%s%s" % (item["source"], item["target"], ":ro" if item["read_only"] else "") for item in described["mounts"]
    ] + ["%s:%s" % (item["name"], item["target"]) for item in described["volumes"]]


def service(part: Part, user: str) -> dict[str, t.Any]:
    """Return one service of a Compose file.

    Args:
        part: ``service`` (as ``runtime_service`` of the role ``runtime``, with paths of files that begin with ``./``),
            ``after`` (from a service to V(healthy) or V(done)), ``ports``, ``once`` (whether it is a task that ends)
            and ``content`` (digest of the files that it reads).
        user: ``uid:gid`` of the files with secrets, which the process has to read.

    Raises:
        ValueError: See `container_spec.expand`.
    """
    described = container(part["service"], "", user)
    once = bool(part.get("once"))
    result: dict[str, t.Any] = {
        "image": described["image"],
        "user": described["user"],
        "entrypoint": described["entrypoint"],
        "command": described["command"],
        "environment": described["environment"],
        "secrets": [{"source": name, "target": name} for name in described["credentials"]],
        "volumes": _mounts(described),
        "tmpfs": described["tmpfs"],
        "ports": list(part.get("ports") or []),
        "extra_hosts": list(part.get("extra_hosts") or []),
        "depends_on": {name: {"condition": _CONDITIONS[state]} for name, state in (part.get("after") or {}).items()},
        "healthcheck": _health(described["health"]),
        "read_only": described["read_only"],
        "cap_drop": described["cap_drop"],
        "cap_add": described["cap_add"],
        "security_opt": described["security_opt"],
        # Without the limit of open files: the engine's own is higher, or is all that the engine may give.
        "ulimits": {"core": described["ulimits"]["core"]},
        "mem_limit": described["memory"].lower(),
        "cpus": described["cpus"],
        "shm_size": described["shm_size"].lower(),
        "stop_grace_period": "" if once else "%ds" % described["stop_timeout"],
        "stop_signal": described["stop_signal"],
        "restart": "no" if once else described["restart"],
        "logging": _LOGGING,
        "labels": {LABEL_CONTENT: part["content"]} if part.get("content") else {},
    }
    kept = {key: value for key, value in result.items() if value not in ("", 0, [], {})}
    return t.cast(t.Dict[str, t.Any], literal(kept))


def project(parts: t.Sequence[Part], name: str, subnet: str, user: str) -> dict[str, t.Any]:
    """Return the Compose file of ``parts``, in their order; see `service`.

    Raises:
        ValueError: Two parts hand over different files under one name, or see `service`.
    """
    secrets: dict[str, dict[str, str]] = {}
    volumes: dict[str, dict[str, str]] = {}
    services = {}
    for part in parts:
        described = container(part["service"], "", user)
        services[described["name"]] = service(part, user)
        for secret, path in described["credentials"].items():
            if secrets.setdefault(secret, {"file": path}) != {"file": path}:
                raise ValueError("two files are called %s: %s and %s" % (secret, secrets[secret]["file"], path))
        volumes.update((volume["name"], {}) for volume in described["volumes"])
    return {
        "name": name,
        "services": services,
        "networks": {"default": {"ipam": {"config": [{"subnet": subnet}]}}},
        "volumes": volumes,
        "secrets": literal(secrets),
    }


def namespaces(wanted: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return ``temporal_namespaces`` as register_namespaces.py reads them, with the retention in seconds.

    Raises:
        ValueError: One of them asks for what only the modules of this collection do.
    """
    result = []
    for item in wanted:
        attributes = item.get("search_attributes") or []
        given = [key for key in _ARCHIVAL if item.get(key)]
        if item.get("state", "present") != "present":
            given.append("state: %s" % item["state"])
        if any(attribute.get("state", "present") != "present" for attribute in attributes):
            given.append("search_attributes with state: absent")
        if given:
            raise ValueError(
                "temporal_namespaces has %s with %s: a Compose project cannot do that. Leave it out of the export and "
                "use the module aegis.temporal.namespace on the running server." % (item["name"], ", ".join(given))
            )
        result.append(
            {
                "name": item["name"],
                "retention_seconds": parse_duration(str(item["retention"])) if item.get("retention") else None,
                "description": item.get("description") or "",
                "owner_email": item.get("owner_email") or "",
                "data": dict(item.get("data") or {}),
                "search_attributes": {attribute["name"]: attribute["type"] for attribute in attributes},
            }
        )
    return result


def reached_from_a_container(address: str) -> str:
    """Return an address or URL of this machine as a container reaches it: its loopback is not the machine's."""
    for name in ("localhost", "127.0.0.1", "[::1]"):
        for prefix in ("http://", "https://", "grpc://", ""):
            if address == prefix + name or address.startswith((prefix + name + ":", prefix + name + "/")):
                return prefix + "host.docker.internal" + address[len(prefix + name) :]
    return address


def sql_environment(password: str) -> str:
    """Return assignments for a shell that carry the password into temporal-sql-tool."""
    return "".join("%s=%s\n" % (name, shlex.quote(value)) for name, value in tool_environment(password).items())
