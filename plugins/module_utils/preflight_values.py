# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words and rules that the checks of several roles' variables share."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from urllib.parse import urlsplit

from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import seconds

Problems = t.Iterator[str]

# Our units run without the right to bind lower ones.
MIN_PORT = 1024
MAX_PORT = 65535
# cluster_membership.rpc_port is a SMALLINT column (schema/postgresql/v12/temporal of the server).
MAX_MEMBERSHIP_PORT = 32767

# What both systemd's MemoryMax and Docker read, with powers of 1024.
_MEMORY = re.compile(r"([0-9]+)([KMGT]?)")
_FACTORS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

_VERSION = re.compile(r"^\d+\.\d+\.\d+$")
# Temporal Server's default of the dynamic setting limit.maxIDLength.
_ID_LIMIT = 1000
_HOST_PORT = re.compile(r"^(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]@]+):(\d{1,5})$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


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


def is_host_port(value: str) -> bool:
    """Tell whether ``value`` is host:port, with brackets around an IPv6 address."""
    match = _HOST_PORT.match(value)
    return match is not None and 1 <= int(match.group(2)) <= MAX_PORT


def name_problems(variable: str, value: str) -> Problems:
    """Yield what makes ``value`` unusable as the name of a namespace or a task queue."""
    if not value or value != value.strip() or _CONTROL.search(value):
        yield say(variable, value, "empty, or with blanks around it or control characters in it", "Give a plain name.")
    elif len(value.encode()) > _ID_LIMIT:
        yield say(variable, value[:40] + "…", "longer than %d bytes" % _ID_LIMIT, "Give a shorter name.")


def base_url_problems(variable: str, value: str, example: str) -> Problems:
    """Yield what makes ``value`` unusable as the base URL of an HTTP service."""
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        parts, good = urlsplit(""), False
    if parts.username is not None or parts.password is not None:
        # The URL is not shown: what is before the @ may be a password.
        yield (
            "%s holds a user or password before its host: these would be readable by everyone. Give the URL without "
            "them." % variable
        )
    elif not good or re.search(r"\s", value):
        yield say(variable, value, "not a URL that begins with http:// or https://", "Give one such as %s." % example)
    elif parts.query or parts.fragment:
        yield say(variable, value, "a base URL has neither query nor fragment", "Give one such as %s." % example)


def memory_bytes(value: t.Any) -> int | None:
    """Return a limit of memory such as ``2G`` in bytes; ``None`` when it is none, or not to be understood."""
    match = _MEMORY.fullmatch(str(value or ""))
    return int(match.group(1)) * _FACTORS[match.group(2)] if match else None


def cpus_problems(variable: str, value: t.Any) -> Problems:
    """Yield what makes ``value`` unusable as a limit of processors: a number, of which 0 is none, as is nothing."""
    cpus = value or 0
    try:
        wrong = float(cpus) < 0
    except (TypeError, ValueError):
        wrong = True
    if wrong:
        yield say(variable, cpus, "no number from 0 on", "Give one such as 1.5, or 0 for no limit.")
