# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on where a worker's instances listen, and on whom they admit there."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import say

Settings = t.Mapping[str, t.Any]
Problems = t.Iterator[str]

_ROLE = "temporal_worker_"


def port_ranges(settings: Settings) -> Problems:
    """Yield ranges of ports that end beyond the last port, or that overlap. The numbers themselves must be good."""
    replicas = settings["replicas"]
    ranges = [(name, settings[name]) for name in ("port", "metrics_port", "register_port") if settings[name]]
    for index, (name, first) in enumerate(ranges):
        last = first + replicas - 1
        if last > 65535:
            yield say(
                _ROLE + name,
                first,
                "%d instances need the ports up to %d, and 65535 is the last" % (replicas, last),
                "Give a port of at most %d, or fewer temporal_worker_replicas." % (65536 - replicas),
            )
        for other, other_first in ranges[:index]:
            if abs(first - other_first) < replicas:
                yield say(
                    _ROLE + name,
                    first,
                    "its range up to %d overlaps with that of temporal_worker_%s (%d to %d)"
                    % (last, other, other_first, other_first + replicas - 1),
                    "Give a port at least %d away from temporal_worker_%s." % (replicas, other),
                )


def addresses(settings: Settings) -> Problems:
    """Yield what is wrong with the addresses that the instances listen on and with those that they admit."""
    parsed = {}
    for name in ("bind_address", "metrics_bind_address", "register_bind_address"):
        value = settings[name]
        if name == "register_bind_address" and not value:
            continue
        try:
            parsed[name] = ipaddress.ip_address(value.strip("[]"))
        except ValueError:
            yield say(
                _ROLE + name,
                value,
                "not an IP address",
                "Give an address of this host, 127.0.0.1 for this host alone, or 0.0.0.0 for all.",
            )
    own, api = parsed.get("register_bind_address"), parsed.get("bind_address")
    if own and api and not settings["register_port"] and (own == api or own.is_unspecified or api.is_unspecified):
        yield say(
            _ROLE + "register_bind_address",
            settings["register_bind_address"],
            "with the port of the API it meets the API's own listener on temporal_worker_bind_address %r"
            % settings["bind_address"],
            "Give temporal_worker_register_port too, or an address that the API does not listen on.",
        )
    yield from _admitted("api_allowed_addresses", settings["api_allowed_addresses"], "use the API")
    yield from _admitted("register_allowed_addresses", settings["register_allowed_addresses"], "register definitions")


def _admitted(name: str, allowed: t.Any, what: str) -> Problems:
    fix = (
        "Give a list of addresses such as 192.0.2.20 or networks such as 192.0.2.0/24; for a host of the inventory set "
        "its host_address."
    )
    if isinstance(allowed, str) or not isinstance(allowed, t.Sequence):
        yield say(_ROLE + name, allowed, "not a list", fix)
        return
    if not allowed:
        yield say(_ROLE + name, allowed, "nobody could %s" % what, fix)
    for item in allowed:
        try:
            ipaddress.ip_network(str(item))
        except ValueError as error:
            wrong = "has host bits set" if "host bits" in str(error) else "is no IP address and no network"
            yield say(_ROLE + name, allowed, "%r %s" % (item, wrong), fix)
