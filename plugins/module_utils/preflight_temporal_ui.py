# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the variables of role temporal_ui, found before anything changes."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import (
    Problems,
    address_problems,
    integer,
    port_problems,
    say,
    version_problems,
)
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import Settings

INSTALL_METHODS = ("archive", "source", "preinstalled")

_ADDRESS = re.compile(r"^(?P<host>\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]+)$")


def _origin_problems(variable: str, value: t.Any, path_allowed: bool) -> Problems:
    parts = urlsplit(str(value))
    try:
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        port_is_sound = False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_sound:
        yield say(variable, value, "not an http or https URL", "Write it like https://temporal.example.com.")
    elif parts.username or parts.password or parts.query or parts.fragment:
        yield "%s has a login, a query or a fragment in it. Write it like https://temporal.example.com." % variable
    elif not path_allowed and parts.path not in ("", "/"):
        yield say(variable, value, "an origin has no path", "Write scheme, host and port alone.")


def _network(settings: Settings) -> Problems:
    yield from address_problems("temporal_ui_bind_address", settings["temporal_ui_bind_address"])
    yield from port_problems("temporal_ui_port", settings["temporal_ui_port"])
    address = settings["temporal_ui_temporal_address"]
    match = _ADDRESS.match(str(address))
    if match is None or not 1 <= int(match.group("port")) <= 65535:
        yield say(
            "temporal_ui_temporal_address",
            address,
            "not the gRPC address of a frontend",
            "Give host:port, such as 10.0.0.11:7233, or put a host with the frontend into the inventory.",
        )
    if settings["temporal_ui_public_url"]:
        yield from _origin_problems("temporal_ui_public_url", settings["temporal_ui_public_url"], True)
    for origin in settings["temporal_ui_extra_origins"]:
        yield from _origin_problems("temporal_ui_extra_origins", origin, False)


def problems(settings: Settings, versions: t.Mapping[str, t.Any]) -> list[str]:
    """Return every problem of the role's variables, each naming the variable, its value and the fix; no secrets.

    Args:
        settings: The role's variables by name (see __temporal_ui_settings in the role's vars).
        versions: What is under versions in roles/runtime/vars/versions.yml.
    """
    result = list(version_problems("temporal_ui_version", settings["temporal_ui_version"], versions["ui"], {}))
    method = settings["temporal_ui_install_method"]
    if method not in INSTALL_METHODS:
        wrong = "not a way to install on the host" if method == "image" else "unknown"
        fix = "Choose one of %s, or set temporal_ui_provider: container." % ", ".join(INSTALL_METHODS)
        result.append(say("temporal_ui_install_method", method, wrong, fix))
    result += _network(settings)
    if not settings["temporal_ui_default_namespace"]:
        result.append(
            say(
                "temporal_ui_default_namespace", settings["temporal_ui_default_namespace"], "empty", "Name a namespace."
            )
        )
    if not isinstance(settings["temporal_ui_config_overrides"], t.Mapping):
        result.append("temporal_ui_config_overrides is not a dictionary. Give a part of the UI's configuration.")
    timeout = integer(settings["temporal_ui_health_timeout"])
    if timeout is None or timeout < 1:
        result.append(
            say(
                "temporal_ui_health_timeout",
                settings["temporal_ui_health_timeout"],
                "not a number of seconds",
                "Give at least 1.",
            )
        )
    return result
