# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the variables of role haproxy, found before anything changes, and what it needs of a host."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_host import Needs
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import (
    Problems,
    address_problems,
    integer,
    port_problems,
    say,
)
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import Settings

HEALTH_CHECKS = ("grpc", "connect")
CONFIG = "/etc/haproxy/haproxy.cfg"

# Longest wait of a poll at a frontend: matching.longPollExpirationInterval is a minute, to which the SDK adds ten
# seconds. What is shorter cuts every poll that finds nothing.
_LONGEST_POLL_SECONDS = 70
# Name: smallest, largest, unit.
_NUMBERS = {
    "haproxy_max_connections": (10, 1000000, "connections"),
    "haproxy_connect_timeout": (1, 60, "seconds"),
    "haproxy_idle_timeout": (_LONGEST_POLL_SECONDS + 5, 86400, "seconds"),
    "haproxy_check_interval": (1, 60, "seconds"),
    "haproxy_check_timeout": (1, 60, "seconds"),
    "haproxy_check_fall": (1, 100, "checks"),
    "haproxy_check_rise": (1, 100, "checks"),
    "haproxy_hard_stop_after": (_LONGEST_POLL_SECONDS, 86400, "seconds"),
    "haproxy_start_timeout": (1, 600, "seconds"),
}
# Section 4 of HAProxy's configuration manual: characters of the name of a server.
_SERVER_NAME = re.compile(r"^[A-Za-z0-9_:.-]+$")
# A DNS name or an IP address, with or without brackets: what is neither could add words to the configuration.
_ADDRESS = re.compile(r"^[A-Za-z0-9_:.\[\]-]+$")


def problems(settings: Settings, inspection: t.Sequence[str]) -> list[str]:
    """Return every problem of the role's variables, each naming the variable, its value and the fix.

    Args:
        settings: The role's variables by name (see __haproxy_settings in the role's vars).
        inspection: What files/inspect.sh of the role printed on the host, by lines.
    """
    state = settings["haproxy_state"]
    if state == "absent":
        return []
    if state != "present":
        return [say("haproxy_state", state, "unknown", "Choose one of present, absent.")]
    found = list(address_problems("haproxy_bind_address", settings["haproxy_bind_address"]))
    found += port_problems("haproxy_port", settings["haproxy_port"], minimum=1)
    for name, (smallest, largest, unit) in _NUMBERS.items():
        number = integer(settings[name])
        if number is None or not smallest <= number <= largest:
            fix = "Give %d to %d." % (smallest, largest)
            found.append(say(name, settings[name], "not a number of %s that will do" % unit, fix))
    check = settings["haproxy_health_check"]
    if check not in HEALTH_CHECKS:
        found.append(say("haproxy_health_check", check, "unknown", "Choose one of %s." % ", ".join(HEALTH_CHECKS)))
    found += _frontends(settings["haproxy_frontends"])
    if "config foreign" in inspection:
        found.append(
            "%s of this host is not this role's and was changed since its package was installed: it is somebody "
            "else's. Put the proxy on another host (group haproxy), or move that file away." % CONFIG
        )
    return found


def _frontends(nodes: t.Any) -> Problems:
    if isinstance(nodes, str) or not isinstance(nodes, t.Sequence) or not nodes:
        fix = "Put a host with the frontend into group temporal, or list entries with host, address and grpc_port."
        yield say("haproxy_frontends", nodes, "names no frontend", fix)
        return
    for node in nodes:
        if not isinstance(node, t.Mapping) or not {"host", "address", "grpc_port"} <= set(node):
            yield say("haproxy_frontends", node, "lacks host, address or grpc_port", "Give all three.")
            continue
        if not _SERVER_NAME.match(str(node["host"])):
            fix = "Use letters, digits, hyphens, dots and underscores."
            yield say("haproxy_frontends", node["host"], "a name that HAProxy does not take", fix)
        if not _ADDRESS.match(str(node["address"])):
            fix = "Give an IP address or a name, for example by host_address in the inventory."
            yield say("haproxy_frontends", node["address"], "not an address", fix)
        yield from port_problems("haproxy_frontends", node["grpc_port"])


def host_needs(settings: Settings) -> Needs:
    """Return ``ports`` and ``paths`` of a proxy, for the module ``host_preflight``."""
    if settings["haproxy_state"] == "absent":
        return {"ports": [], "paths": []}
    wanted = {
        "port": int(settings["haproxy_port"]),
        "address": str(settings["haproxy_bind_address"]),
        "unit": "haproxy.service",
        "variable": "haproxy_port",
    }
    return {"ports": [wanted], "paths": []}
