# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on Worker Versioning: the version that a worker says it is, and a server that knows what that means."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import say

Settings = t.Mapping[str, t.Any]
Problems = t.Iterator[str]

_PARTS = ("deployment_name", "build_id")
# The worker's own limit.
_LONGEST = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_VERSION = re.compile(r"^\d+\.\d+\.\d+$")


def versioning(settings: Settings, versions: t.Mapping[str, t.Any]) -> Problems:
    """Yield what is wrong with ``deployment_name`` and ``build_id``.

    Args:
        settings: See `problems` of preflight_worker. An empty ``temporal_version`` means that nobody knows it.
        versions: The version data of the collection, for the first server with Worker Versioning.
    """
    server = str(settings["temporal_version"])
    readable = not server or _VERSION.match(server)
    if not readable:
        yield say("temporal_worker_temporal_version", server, "not a version of the form X.Y.Z", "Give such a version.")
    given = [name for name in _PARTS if settings[name]]
    if not given:
        return
    for name in _PARTS:
        if name not in given:
            yield say(
                "temporal_worker_" + name,
                settings[name],
                "temporal_worker_%s is set, and the two make one version" % given[0],
                "Set both, or none for a worker without Worker Versioning.",
            )
    for name in given:
        yield from _part(name, settings[name])
    least = versions["features"]["worker_versioning"]
    if server and readable and _numbers(server) < _numbers(least):
        yield say(
            "temporal_worker_" + given[0],
            settings[given[0]],
            "Worker Versioning needs Temporal Server %s or newer, and the server is %s" % (least, server),
            "Upgrade the server first, or leave temporal_worker_deployment_name and temporal_worker_build_id empty.",
        )


def _part(name: str, value: str) -> Problems:
    variable = "temporal_worker_" + name
    if value != value.strip() or _CONTROL.search(value):
        yield say(variable, value, "blanks around it or control characters in it", "Give a plain name.")
    elif len(value) > _LONGEST:
        yield say(variable, value[:40] + "…", "longer than %d characters" % _LONGEST, "Give a shorter name.")
    elif value.startswith("__"):
        yield say(variable, value, "Temporal keeps names that begin with '__' for itself", "Begin it otherwise.")
    elif name == "deployment_name" and re.search("[.:]", value):
        yield say(
            variable,
            value,
            "Temporal joins name and build with '.' or ':', so the name must not hold them",
            "Use hyphens in their place.",
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
