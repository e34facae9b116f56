# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service of the role ``runtime`` is as a container: one description, for Docker Engine and for Compose.

The same ``runtime_service`` that makes a systemd unit makes the container. What only a container needs is in its item
``container`` (see the role's argument_specs). systemd's specifiers mean the same in both: ``%i`` is the instance,
``%d`` the directory with the credentials, ``%%`` a percent sign. ``{instance+3000}`` is a sum, as in health checks.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import cpus_problems, memory_bytes, say

Service = t.Mapping[str, t.Any]
Description = t.Dict[str, t.Any]

# Where Compose puts its secrets, too (compose specification, "secrets", short syntax).
CREDENTIALS = "/run/secrets"
# For what programs put into /tmp although they should not; the root file system is read-only.
TMPFS = "/tmp:rw,noexec,nosuid,nodev,size=64m,mode=1777"
STOP_TIMEOUT = 30
OPEN_FILES = 65536

LABEL_UNIT = "org.aegis-temporal.unit"
"""Label with the name of the systemd unit that the container stands for."""
LABEL_SERVICE = "org.aegis-temporal.service"
"""Label with ``runtime_service.name``, the same for all instances."""
LABEL_CONFIGURATION = "org.aegis-temporal.configuration"
"""Label with what the container was started with; see the module ``container_files``."""

_NUMBER = re.compile(r"\{instance\+(\d+)\}")


def problems(service: Service) -> list[str]:
    """Return what in ``service`` cannot be a container, each with the variable, its value and the fix."""
    found = []
    name, own = service["name"], service.get("container") or {}
    if not own.get("image"):
        found.append("runtime_service of %s has no container.image. Name the image." % name)
    if service.get("environment_files"):
        found.append(
            say(
                "environment_files of %s" % name,
                service["environment_files"],
                "for systemd alone",
                "Put the variables into environment.",
            )
        )
    memory = str(service.get("memory_max") or "")
    if memory and memory_bytes(memory) is None:
        found.append(say("memory_max of %s" % name, memory, "no number with K, M, G or T", "Give one such as 2G."))
    return [*found, *cpus_problems("cpus of %s" % name, service.get("cpus"))]


def unit_base(service: Service) -> str:
    """Return the name of the service without the mark of a template unit."""
    return str(service["name"]).rstrip("@")


def is_template(service: Service) -> bool:
    """Tell whether the service has instances."""
    return str(service["name"]).endswith("@") or bool(service.get("instances"))


def expand(text: str, instance: str, credentials: str = CREDENTIALS) -> str:
    """Replace ``%i``, ``%d``, ``%%``, ``{instance}`` and ``{instance+N}``.

    Raises:
        ValueError: A sum is wanted of an instance that is no number.
    """

    def total(match: t.Match[str]) -> str:
        if not instance.isdigit():
            raise ValueError("%s needs a number as instance, not %r" % (match.group(0), instance))
        return str(int(instance) + int(match.group(1)))

    halves = [part.replace("%i", instance).replace("%d", credentials) for part in str(text).split("%%")]
    return _NUMBER.sub(total, "%".join(halves)).replace("{instance}", instance)


def _mount(item: str | t.Mapping[str, t.Any], instance: str) -> Description:
    """Return a mount; a path alone is the same inside, and read-only."""
    given = {"source": item} if isinstance(item, str) else item
    return {
        "source": expand(given["source"], instance),
        "target": expand(given.get("target") or given["source"], instance),
        "read_only": bool(given.get("read_only", True)),
    }


def container(service: Service, instance: str = "", user: str = "") -> Description:
    """Return the container of ``service``, or of one of its instances.

    Args:
        service: ``runtime_service`` in which `problems` found nothing.
        instance: Name of the instance; empty for a service without instances.
        user: ``uid:gid`` in numbers. Empty leaves it to the image.

    Returns:
        ``name``, ``description``, ``image``, ``entrypoint`` and ``command`` (lists; an empty entrypoint is the
        image's), ``user``, ``environment`` (no secrets), ``credentials`` (id → file on the host; the container finds
        it as ``/run/secrets/<id>``), ``files`` (absolute paths, the same inside; their content counts as
        configuration), ``mounts`` (items with ``source``, ``target``, ``read_only``), ``volumes`` (items with
        ``name``, ``target``), ``tmpfs`` (list of ``path:options``), ``network_mode``, ``read_only``, ``cap_drop``,
        ``cap_add``, ``security_opt``, ``ulimits`` (name → soft and hard limit), ``memory`` (empty: none), ``cpus``
        (0: none), ``shm_size`` (empty: the engine's), ``pids_limit`` (0: none), ``stop_timeout`` (seconds),
        ``stop_signal`` (empty: the image's), ``reload_signal`` (empty: none), ``pid_mode`` and ``ipc_mode`` (``host``,
        or empty: of its own), ``groups`` (numbers, beside the user's), ``oom_score_adj``, ``restart``, ``health``
        (``test`` and, in seconds, ``interval``, ``timeout``, ``start_period``; ``retries``; empty: none), ``labels``.

    Raises:
        ValueError: See `expand`.
    """
    own = service.get("container") or {}
    base = unit_base(service)
    unit = "%s@%s" % (base, instance) if is_template(service) else base

    def words(values: t.Iterable[t.Any]) -> list[str]:
        return [expand(value, instance) for value in values]

    environment = {**(service.get("environment") or {}), **(own.get("environment") or {})}
    return {
        # Docker's names have no @, which the unit of one instance of somebody else's template has.
        "name": ("%s-%s" % (base, instance) if is_template(service) else base).replace("@", "-"),
        "description": service["description"],
        "image": own["image"],
        "entrypoint": words(own.get("entrypoint") or []),
        "command": words(own.get("command") or []),
        "user": user,
        "environment": {name: expand(value, instance) for name, value in sorted(environment.items())},
        "credentials": {
            name: expand(path, instance) for name, path in sorted((service.get("credentials") or {}).items())
        },
        "files": words(service.get("files") or []),
        "mounts": [_mount(item, instance) for item in own.get("mounts") or []],
        "volumes": [
            {"name": expand(item["name"], instance), "target": expand(item["target"], instance)}
            for item in own.get("volumes") or []
        ],
        "tmpfs": [TMPFS, *words(own.get("tmpfs") or [])],
        "network_mode": own.get("network_mode") or "host",
        "read_only": True,
        "cap_drop": ["ALL"],
        "cap_add": list(own.get("cap_add") or []),
        "security_opt": ["no-new-privileges:true"],
        "ulimits": {"core": 0, "nofile": int(service.get("limit_nofile") or OPEN_FILES)},
        "memory": str(service.get("memory_max") or ""),
        "cpus": float(service.get("cpus") or 0),
        "shm_size": str(own.get("shm_size") or ""),
        "pids_limit": int(own.get("pids_limit") or 0),
        "stop_timeout": int(service.get("timeout_stop") or STOP_TIMEOUT),
        "stop_signal": str(own.get("stop_signal") or ""),
        "reload_signal": str(own.get("reload_signal") or ""),
        "pid_mode": str(own.get("pid_mode") or ""),
        "ipc_mode": str(own.get("ipc_mode") or ""),
        "groups": [int(number) for number in own.get("groups") or []],
        "oom_score_adj": int(own.get("oom_score_adj") or 0),
        "restart": "unless-stopped",
        "health": dict(own.get("health") or {}),
        "labels": {LABEL_SERVICE: str(service["name"]), LABEL_UNIT: unit + ".service"},
    }


def containers(service: Service, user: str = "") -> list[Description]:
    """Return the containers of all instances, in order of start; see `container`."""
    if not is_template(service):
        return [container(service, "", user)]
    return [container(service, str(instance), user) for instance in service.get("instances") or []]
