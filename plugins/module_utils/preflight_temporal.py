# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the variables of role temporal, found before anything changes."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.dynamic_config import problems as dynamic_problems
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_temporal_network import addresses, ports
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_temporal_stores import databases, shards
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import (
    Problems,
    duration_problems,
    integer,
    say,
    version_problems,
)
from ansible_collections.aegis.temporal.plugins.module_utils.search_attributes import read_wanted
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import (
    SERVICES,
    Settings,
    minor,
    uses_internal_frontend,
)

Versions = t.Mapping[str, t.Any]

INSTALL_METHODS = ("archive", "source", "preinstalled")
LOG_LEVELS = ("debug", "info", "warn", "error")
# More shards than this cost memory and database load without gain for any known installation.
MANY_SHARDS = 16384
# minPollInterval in common/dynamicconfig/file_based_client.go of the server.
MIN_POLL_SECONDS = 5


def _version(settings: Settings, versions: Versions) -> Problems:
    version = settings["temporal_version"]
    found = list(version_problems("temporal_version", version, versions["server"], versions["retracted"]))
    yield from found
    text = str(version)
    if not found and ".".join(text.split(".")[:2]) not in versions["minors"]:
        yield say(
            "temporal_version",
            version,
            "this collection knows no schema of this minor",
            "Choose a version of one of %s." % ", ".join(versions["minors"]),
        )
    method = settings["temporal_install_method"]
    if method == "image":
        yield say(
            "temporal_install_method",
            method,
            "not a way to install on the host",
            "Choose one of %s, or set temporal_provider: container." % ", ".join(INSTALL_METHODS),
        )
    elif method not in INSTALL_METHODS:
        yield say("temporal_install_method", method, "unknown", "Choose one of %s." % ", ".join(INSTALL_METHODS))


def _service_names(settings: Settings) -> Problems:
    services = settings["temporal_services"]
    if isinstance(services, str) or not isinstance(services, t.Sequence) or not services:
        yield say(
            "temporal_services", services, "not a list of services", "Give at least one of %s." % ", ".join(SERVICES)
        )
        return
    for service in services:
        if service not in SERVICES:
            yield say("temporal_services", service, "unknown service", "Choose from %s." % ", ".join(SERVICES))
    for service, count in collections.Counter(str(item) for item in services).items():
        if count > 1:
            yield say("temporal_services", service, "named %d times" % count, "Name it once.")


def _files(settings: Settings) -> Problems:
    if settings["temporal_log_level"] not in LOG_LEVELS:
        yield say(
            "temporal_log_level", settings["temporal_log_level"], "unknown", "Choose one of %s." % ", ".join(LOG_LEVELS)
        )
    yield from duration_problems(
        "temporal_dynamic_config_poll_interval", settings["temporal_dynamic_config_poll_interval"], MIN_POLL_SECONDS
    )
    dynamic = settings["temporal_dynamic_config"]
    if not isinstance(dynamic, t.Mapping):
        yield say(
            "temporal_dynamic_config", dynamic, "not a dictionary", "Give keys with values, such as frontend.rps: 2400."
        )
    overrides = settings["temporal_config_overrides"]
    if not isinstance(overrides, t.Mapping):
        yield say(
            "temporal_config_overrides", overrides, "not a dictionary", "Give a part of the server's configuration."
        )
        return
    if "numHistoryShards" in (overrides.get("persistence") or {}):
        yield say(
            "temporal_config_overrides.persistence.numHistoryShards",
            overrides["persistence"]["numHistoryShards"],
            "it would pass by the check against the running cluster",
            "Use temporal_num_history_shards.",
        )
    if overrides.get("publicClient") and uses_internal_frontend(settings):
        yield say(
            "temporal_config_overrides.publicClient",
            overrides["publicClient"],
            "the server refuses it beside internal-frontend",
            "Remove it: the service worker finds the internal frontends by itself.",
        )


def _namespaces(settings: Settings) -> Problems:
    namespaces = settings["temporal_namespaces"]
    if isinstance(namespaces, (str, t.Mapping)) or not isinstance(namespaces, t.Sequence):
        yield say("temporal_namespaces", namespaces, "not a list", "Give a list of dictionaries with at least a name.")
        return
    names = []
    for namespace in namespaces:
        if not isinstance(namespace, t.Mapping) or not namespace.get("name"):
            yield say("temporal_namespaces", namespace, "an entry without a name", "Give each entry a name.")
        else:
            names.append(str(namespace["name"]))
            yield from _search_attributes(namespace)
    for name, count in collections.Counter(names).items():
        if count > 1:
            yield say("temporal_namespaces", name, "named %d times" % count, "Name each namespace once.")


def _search_attributes(namespace: t.Mapping[str, t.Any]) -> Problems:
    variable = "temporal_namespaces[name=%s].search_attributes" % namespace["name"]
    entries = namespace.get("search_attributes", [])
    if isinstance(entries, (str, t.Mapping)) or not isinstance(entries, t.Sequence):
        yield say(variable, entries, "not a list", "Give a list of dictionaries with name and type.")
        return
    for entry in entries:
        if not isinstance(entry, t.Mapping) or "name" not in entry:
            yield say(variable, entry, "an entry without a name", "Give each entry a name and a type.")
            return
    try:
        read_wanted(entries)
    except Problem as problem:
        yield say(variable, [entry["name"] for entry in entries], str(problem).rstrip("."), "Correct the entry.")


def _timeouts(settings: Settings) -> Problems:
    for variable in ("temporal_health_timeout", "temporal_schema_timeout", "temporal_schema_lock_timeout"):
        value = integer(settings[variable])
        if value is None or value < 1:
            yield say(variable, settings[variable], "not a number of seconds", "Give at least 1.")


def _dynamic(settings: Settings, keys: t.Mapping[str, t.Any]) -> tuple[list[str], list[str]]:
    """Return what is wrong and what is doubtful with the dynamic configuration, once version and form are right."""
    values = settings["temporal_dynamic_config"]
    if not isinstance(values, t.Mapping):
        return [], []
    return dynamic_problems(values, keys, str(settings["temporal_version"]), "temporal_dynamic_config")


def problems(settings: Settings, versions: Versions, keys: t.Mapping[str, t.Any]) -> list[str]:
    """Return every problem of the role's variables, each naming the variable, its value and the fix; no secrets.

    Args:
        settings: The role's variables by name (see __temporal_settings in the role's vars).
        versions: What is under versions in roles/runtime/vars/versions.yml.
        keys: What roles/runtime/files/dynamic_config_keys.json holds.
    """
    result = list(_version(settings, versions))
    if not result:
        result += _dynamic(settings, keys)[0]
    names = list(_service_names(settings))
    result += names
    if not names:
        result += ports(settings)
    for rule in (addresses, databases, shards, _files, _namespaces, _timeouts):
        result += rule(settings)
    return result


def _weak(version: str) -> bool:
    """Whether the release misses fixes for known weaknesses.

    CVE-2025-14986, CVE-2025-14987, CVE-2026-5199 and CVE-2026-5724 are fixed in 1.28.4, 1.29.6 and 1.30.4.
    """
    floors = {(1, 28): 4, (1, 29): 6, (1, 30): 4}
    place = minor(version)
    return place < (1, 28) or int(version.split(".")[2]) < floors.get(place, 0)


def warnings(settings: Settings, versions: Versions, keys: t.Mapping[str, t.Any]) -> list[str]:
    """Return what is allowed but worth a sentence. Call it only when problems() found nothing."""
    result = _dynamic(settings, keys)[1]
    version = str(settings["temporal_version"])
    row = versions["server"].get(version)
    if _weak(version):
        result.append(
            "temporal_version is %r: it lacks fixes for known weaknesses (CVE-2026-5724 and others). "
            "Keep it away from strangers, and upgrade to %s one minor at a time."
            % (version, versions["default"]["server"])
        )
    if row is None or not row.get("tested"):
        result.append("temporal_version is %r: not one of the versions that this collection's tests run." % version)
    count = int(settings["temporal_num_history_shards"])
    if count & (count - 1):
        result.append(
            "temporal_num_history_shards is %d: not a power of two, which is what everybody runs. "
            "It cannot be changed later." % count
        )
    if count > MANY_SHARDS:
        result.append(
            "temporal_num_history_shards is %d: so many shards cost memory and database load. "
            "It cannot be changed later." % count
        )
    return result
