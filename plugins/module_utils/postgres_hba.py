# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of pg_hba.conf: which login may reach which database from where."""

from __future__ import annotations

import ipaddress
import typing as t

_LOOPBACK = ("127.0.0.1/32", "::1/128")


def _quoted(name: str) -> str:
    # A quoted name is never a keyword: a database that is called "all" stays one database.
    return '"%s"' % name


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        return value


def hba_rules(
    databases: t.Sequence[t.Mapping[str, t.Any]],
    clients: t.Sequence[str],
    tls_required: bool = False,
    extra: t.Sequence[t.Mapping[str, t.Any]] = (),
) -> list[list[str]]:
    """Return the rules in order, each a list of five fields: type, database, user, address, method.

    Every owner reaches its own database with its password, from this host and from each client; nobody reaches
    anything else. ``extra`` comes last.

    Args:
        databases: Items with ``name`` and ``owner``.
        clients: IP addresses, CIDRs or host names.
        tls_required: Refuse connections of clients that are not encrypted.
        extra: Items with ``type`` (default host), ``database``, ``user``, ``address`` and ``method`` (default
            scram-sha-256), taken literally.
    """
    remote = "hostssl" if tls_required else "host"
    addresses = [
        address for address in dict.fromkeys(_address(str(client)) for client in clients) if address not in _LOOPBACK
    ]
    rules: list[list[str]] = []
    for entry in databases:
        name, owner = _quoted(str(entry["name"])), _quoted(str(entry["owner"]))
        rules.append(["local", name, owner, "", "scram-sha-256"])
        rules += [["host", name, owner, address, "scram-sha-256"] for address in _LOOPBACK]
        rules += [[remote, name, owner, address, "scram-sha-256"] for address in addresses]
    for entry in extra:
        rules.append(
            [
                str(entry.get("type", "host")),
                str(entry["database"]),
                str(entry["user"]),
                _address(str(entry.get("address") or "")) if entry.get("address") else "",
                str(entry.get("method", "scram-sha-256")),
            ]
        )
    return rules
