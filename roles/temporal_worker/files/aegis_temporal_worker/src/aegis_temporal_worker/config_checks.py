# SPDX-License-Identifier: Apache-2.0
"""Checks of single settings. Each takes text and raises ``ValueError`` that says what is wrong, never the text itself
where it may hold a secret."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HOST_PORT: Final = re.compile(r"^(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})$", re.ASCII)
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")
_WILDCARDS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, never bound


def host_and_port(text: str) -> str:
    """``host:port``, without the scheme and the slash that some write around it."""
    bare = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text.strip(), flags=re.IGNORECASE).rstrip("/")
    match = _HOST_PORT.match(bare)
    if match is None or not 1 <= int(match["port"]) <= 65535:
        raise ValueError("is not host:port")
    return bare


def http_url(text: str) -> str:
    """An HTTP URL without a trailing slash."""
    parts = urlsplit(text.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not a URL that begins with http:// or https://")
    if parts.port == 0:
        raise ValueError("names port 0, which no server listens on")
    return text.strip().rstrip("/")


def database_url(text: str) -> str:
    """A URL that names a PostgreSQL database and where it is."""
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname or parse_qs(parts.query).get("host"))
        no_port = parts.port == 0
    except ValueError:
        raise ValueError(
            "cannot be read as a URL; special characters in user or password must be percent-encoded"
        ) from None
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError("does not begin with postgresql://")
    if not has_host:
        raise ValueError("names no host")
    if no_port:
        raise ValueError("names port 0, which no server listens on")
    if not parts.path.strip("/"):
        raise ValueError("names no database")
    return text


def networks(text: str) -> tuple[Network, ...]:
    """Networks of a comma list of addresses and CIDRs, at least one.

    IPv4 networks written as IPv6 become IPv4 ones: peers are compared in that form.
    """
    found: list[Network] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        try:
            network = ipaddress.ip_network(item)
        except ValueError:
            raise ValueError(f"holds {item!r}, which is no IP address and no network such as 10.0.0.0/24") from None
        if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
            network = ipaddress.IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
        found.append(network)
    if not found:
        raise ValueError("names no address")
    return tuple(found)


def secret_file(variable: str, path: Path) -> str:
    """What the file of ``variable`` holds, without blanks around it."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot be read from {variable} {str(path)!r}: {type(error).__name__}") from None
    if not text:
        raise ValueError(f"cannot be read from {variable} {str(path)!r}: the file is empty")
    return text


def bearer_token(text: str) -> str:
    """A token that can be sent in a header as it is; no client could ever match another one."""
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("holds a blank or a character that is not ASCII")
    return text


def version_part(text: str, *, is_name: bool) -> str:
    """Name of a deployment (``is_name``) or a build id, as Temporal Server takes them.

    It joins the two with "." or ":", and keeps what begins with two underscores for itself.
    """
    if is_name and re.search("[.:]", text):
        raise ValueError("holds '.' or ':', which Temporal Server forbids in the name of a deployment")
    if text.startswith("__"):
        raise ValueError("begins with '__', which Temporal Server keeps for itself")
    return text


def same_socket(first: tuple[str | None, int | None], second: tuple[str | None, int | None]) -> bool:
    """Whether two listeners would want the same address and port. A part that is None is not known: then no."""
    (host, port), (other_host, other_port) = first, second
    if None in {host, port, other_host, other_port} or port != other_port:
        return False
    return host == other_host or not _WILDCARDS.isdisjoint({host, other_host})
