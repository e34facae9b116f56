# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gathers what the tasks of the role C(diagnose) registered on all hosts into the facts of one diagnosis."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils import diagnose_tls
from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_redaction import secrets_in

Variables = t.Mapping[str, t.Any]

PARTS = {
    "postgres": "postgres",
    "temporal": "server",
    "haproxy": "haproxy",
    "temporal_ui": "ui",
    "temporal_worker": "worker",
}
_UNITS = {
    "postgres": "postgresql@*.service",
    "server": "temporal-server.service",
    "haproxy": "haproxy.service",
    "ui": "temporal-ui.service",
    "worker": "aegis-temporal-worker@*.service",
}
# What hosts of the server are told about the cluster as a whole.
_OF_CLUSTER = ("server_version", "cluster_name", "history_shards")
SERVER_CONFIG, UI_CONFIG = "/etc/temporal/config.yaml", "/etc/temporal-ui/config.yaml"
DYNAMIC_CONFIG = "/etc/temporal/dynamicconfig.yaml"
_FILES = {"server": [SERVER_CONFIG, DYNAMIC_CONFIG], "haproxy": ["/etc/haproxy/haproxy.cfg"], "ui": [UI_CONFIG]}
# Units whose user reads the certificates.
_USERS = {"server": "temporal", "ui": "temporal-ui"}


def parts(groups: t.Sequence[str]) -> list[str]:
    """Return the parts that a host of these groups runs."""
    return [part for group, part in PARTS.items() if group in groups]


def units(wanted: t.Sequence[str]) -> list[dict[str, str]]:
    """Return the units of parts, as the module C(diagnose_host) takes them."""
    return [{"name": _UNITS[part], "part": part} for part in wanted]


def paths(wanted: t.Sequence[str]) -> list[str]:
    """Return the configuration files of parts."""
    return [path for part in wanted for path in _FILES.get(part, [])]


def worker_urls(bases: t.Sequence[str]) -> list[dict[str, str]]:
    """Return what to ask of workers, as the module C(diagnose_host) takes it."""
    routes = (("health", "worker"), ("metrics", "metrics"))
    return [{"url": "%s/%s" % (base, route), "part": part} for base in bases for route, part in routes]


def secrets(*sources: t.Any) -> list[str]:
    """Return the values that must not get into a bundle: whatever stands below a telling name."""
    return sorted({text for source in sources for text in secrets_in(source)})


def parsed(host: Variables, load: t.Callable[[str], t.Any]) -> dict[str, t.Any]:
    """Return a host of the module C(diagnose_host) with its files read as YAML; one that is none becomes an error.

    ``load`` raises ValueError for what is no YAML.
    """
    result = {**host, "files": dict(host.get("files") or {})}
    for name, path in (("server_config", SERVER_CONFIG), ("ui_config", UI_CONFIG), ("dynamic_config", DYNAMIC_CONFIG)):
        file = result["files"].get(path)
        if not file or file["error"] is not None:
            continue
        try:
            content = load(file["text"])
        except ValueError as error:
            result["files"][path] = {"text": file["text"], "error": "it is no YAML: %s" % error}
            continue
        if name != "dynamic_config" and not isinstance(content, t.Mapping):
            result["files"][path] = {"text": file["text"], "error": "it is no mapping"}
            continue
        result[name] = {} if content is None else content
    return result


def certificates(host: Variables, load: t.Callable[[str], t.Any]) -> list[dict[str, t.Any]]:
    """Return the certificates that a host's configurations name, as the module C(diagnose_certificates) takes them."""
    read = parsed(host, load)
    users = {unit["part"]: unit["user"] for unit in host.get("units") or [] if unit.get("user")}
    return [
        {**item, "user": users.get(part, user)}
        for part, user in _USERS.items()
        for item in diagnose_tls.files(read.get(part + "_config") or {}, part)
    ]


def facts(
    hostvars: t.Mapping[str, Variables],
    hosts: t.Sequence[str],
    expected: Variables,
    keys: Variables,
    load: t.Callable[[str], t.Any],
) -> dict[str, t.Any]:
    """Return the facts, as ``diagnose_run.findings`` takes them.

    Args:
        hostvars: The magic variable; it holds what tasks registered.
        hosts: The hosts that were meant to be asked.
        expected: What the inventory says of the deployment as a whole.
        keys: The table of keys of dynamic configuration.
        load: Reads YAML, and raises ValueError for what is none.
    """
    found: dict[str, t.Any] = {"hosts": {}, "expected": expected, "dynamic_config_keys": keys}
    for name in hosts:
        variables = hostvars[name]
        result = variables.get("__diagnose_host") or {}
        entry: dict[str, t.Any] = {"time": None, "error": str(result.get("msg") or "")}
        if result.get("host"):
            entry = parsed(result["host"], load)
        entry["parts"] = parts(variables.get("group_names") or [])
        entry["expected"] = variables.get("__diagnose_told") or {}
        entry["certificates"] = (variables.get("__diagnose_certificates") or {}).get("certificates") or []
        found["hosts"][name] = entry
        for key, of in (("database", "__diagnose_database"), ("cluster", "__diagnose_cluster")):
            answer = variables.get(of) or {}
            if answer.get("stores") or answer.get("frontends"):
                found.setdefault(key, answer)
    # The host that reports need not be one of the server, and may not know its variables.
    told = [host["expected"] for _name, host in sorted(found["hosts"].items()) if "server" in host["parts"]]
    found["expected"] = {**expected, **{key: told[0][key] for key in _OF_CLUSTER if told and key in told[0]}}
    found["schema"] = (found.get("database") or {}).get("schema") or {}
    return found


def bundle(hostvars: t.Mapping[str, Variables], hosts: t.Sequence[str]) -> dict[str, str]:
    """Return the texts of all hosts for the bundle, by name."""
    return {
        "%s/%s" % (name, file): text
        for name in hosts
        for file, text in ((hostvars[name].get("__diagnose_host") or {}).get("bundle") or {}).items()
    }
