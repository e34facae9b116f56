# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words and rules that the checks of several roles' variables share."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import seconds

Problems = t.Iterator[str]

# Our units run without the right to bind lower ones.
MIN_PORT = 1024
MAX_PORT = 65535
# cluster_membership.rpc_port is a SMALLINT column (schema/postgresql/v12/temporal of the server).
MAX_MEMBERSHIP_PORT = 32767

_VERSION = re.compile(r"^\d+\.\d+\.\d+$")


def say(variable: str, value: t.Any, wrong: str, fix: str) -> str:
    """Return one problem in the form that all of them have."""
    return "%s is %r: %s. %s" % (variable, value, wrong, fix)


def integer(value: t.Any) -> int | None:
    """Return ``value`` as a number; inventories often have numbers as text."""
    if isinstance(value, bool):
        return None
    try:
        return int(str(value).strip())
    except ValueError:
        return None


def version_problems(
    variable: str, version: t.Any, known: t.Mapping[str, t.Any], retracted: t.Mapping[str, str]
) -> Problems:
    """Yield what is wrong with a version number in itself."""
    text = str(version)
    if not _VERSION.match(text):
        yield say(variable, version, "not a version of the form X.Y.Z", "Choose one of %s." % ", ".join(known))
    elif text in retracted:
        yield say(variable, version, "a release that must not be installed", "Reason: %s." % retracted[text])


def port_problems(variable: str, value: t.Any, minimum: int = MIN_PORT, maximum: int = MAX_PORT) -> Problems:
    """Yield what makes ``value`` unusable as a port to listen on."""
    port = integer(value)
    if port is None or not 1 <= port <= MAX_PORT:
        yield say(variable, value, "not a port number", "Choose one from %d to %d." % (minimum, maximum))
    elif port < minimum:
        yield say(
            variable,
            value,
            "ports below %d need rights that the service does not have" % MIN_PORT,
            "Choose one from %d to %d." % (minimum, maximum),
        )
    elif port > maximum:
        yield say(
            variable,
            value,
            "the server keeps membership ports in a SMALLINT column and fails at run time above %d"
            % MAX_MEMBERSHIP_PORT,
            "Choose one from %d to %d." % (minimum, maximum),
        )


def address_problems(variable: str, value: t.Any) -> Problems:
    """Yield what makes ``value`` unusable as an address to listen on."""
    try:
        parsed = ipaddress.ip_address(str(value))
    except ValueError:
        yield say(
            variable,
            value,
            "not an IP address",
            "Give one of this host's addresses, for example by setting host_address in the inventory.",
        )
        return
    if parsed.is_multicast:
        yield say(variable, value, "a multicast address", "Give one of this host's addresses.")


def duration_problems(variable: str, value: t.Any, minimum: float) -> Problems:
    """Yield what makes ``value`` unusable as a duration of at least ``minimum`` seconds."""
    try:
        length = seconds(value)
    except ValueError:
        yield say(variable, value, "not a duration", "Write a number with a unit, such as 10s or 1h.")
        return
    if length < minimum:
        yield say(variable, value, "shorter than the server accepts", "Give at least %gs." % minimum)
