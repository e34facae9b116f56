# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for who reaches PostgreSQL: where it listens, its clients, and entries for C(pg_hba.conf)."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import say

_HOST_NAME = re.compile(
    r"^\.?(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$"
)
_SECURE_METHODS = ("scram-sha-256", "cert", "peer", "gss", "ldap", "radius", "reject")
_HBA_TYPES = ("local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc")


def _address(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        return None


def _network(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None


def access_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    """Return the rules of access that are broken, one sentence each; see C(preflight_postgres.problems)."""
    return _listen_problems(settings) + _client_problems(settings) + _hba_problems(settings)


def _listen_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    listen = [str(entry) for entry in settings.get("postgres_listen_addresses") or []]
    own = (settings.get("host") or {}).get("addresses")
    found: list[str] = []
    if not listen:
        return [say("postgres_listen_addresses", [], "empty", "Give at least ['127.0.0.1'].")]
    for entry in listen:
        address = _address(entry)
        if entry == "*":
            continue
        if address is None:
            found.append(
                say(
                    "postgres_listen_addresses",
                    entry,
                    "not an IP address; the server would resolve a name itself, often to loopback",
                    "Set host_address of this host to its IP address, or give addresses here ('*' means all).",
                )
            )
        elif not (address.is_loopback or address.is_unspecified) and own is not None and entry not in own:
            found.append(
                say(
                    "postgres_listen_addresses",
                    entry,
                    "no address of this host, which has %s" % (", ".join(own) or "loopback only"),
                    "Set host_address of this host to one of them, or give addresses here ('*' means all).",
                )
            )
    reachable = [entry for entry in listen if not getattr(_address(entry), "is_loopback", False)]
    remote = [
        str(entry)
        for entry in settings.get("postgres_client_addresses") or []
        if not getattr(_network(str(entry)), "is_loopback", False) and not (own is not None and str(entry) in own)
    ]
    if remote and not reachable:
        found.append(
            say(
                "postgres_listen_addresses",
                listen,
                "loopback only, but %s must reach this server" % ", ".join(remote),
                "Add the address under which they reach it.",
            )
        )
    return found


def _client_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    found: list[str] = []
    if settings.get("postgres_allow_any_client"):
        return found
    fix = "Give the clients' addresses or CIDRs, or set postgres_allow_any_client: true."
    for entry in settings.get("postgres_client_addresses") or []:
        text = str(entry)
        network = _network(text)
        if network is not None:
            # Nobody owns a /7 of IPv4 or a /15 of IPv6: such a range means "everybody" in other words.
            if network.prefixlen < (8 if network.version == 4 else 16):
                found.append(say("postgres_client_addresses", text, "as good as every address there is", fix))
        elif text in ("all", "samehost", "samenet"):
            found.append(say("postgres_client_addresses", text, "a keyword of pg_hba.conf, not an address", fix))
        elif not _HOST_NAME.match(text) or re.match(r"^[0-9./]+$", text):
            found.append(say("postgres_client_addresses", text, "neither an IP address, a CIDR nor a host name", fix))
    return found


def _hba_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    found: list[str] = []
    for index, entry in enumerate(settings.get("postgres_hba_entries") or []):
        variable = "postgres_hba_entries[%d]" % index
        kind = entry.get("type", "host")
        method = str(entry.get("method", "scram-sha-256"))
        address = entry.get("address")
        if method.split(" ", maxsplit=1)[0] not in _SECURE_METHODS:
            found.append(
                say(
                    variable + ".method",
                    method,
                    "lets clients in without a password or with a weak one",
                    "Use one of %s." % ", ".join(_SECURE_METHODS),
                )
            )
        if kind not in _HBA_TYPES:
            found.append(say(variable + ".type", kind, "no type of a rule", "Use one of %s." % ", ".join(_HBA_TYPES)))
        elif (kind == "local") == bool(address):
            found.append(
                say(
                    variable + ".address",
                    address,
                    "a rule of type %r %s an address" % (kind, "has not" if kind == "local" else "needs"),
                    "Remove it." if kind == "local" else "Give an IP address or a CIDR.",
                )
            )
        for key in ("type", "database", "user", "address", "method"):
            if re.search(r'[\r\n"#]', str(entry.get(key, ""))):
                found.append(
                    say(variable + "." + key, entry[key], "holds a quote, a '#' or a line break", "Remove it.")
                )
    return found
