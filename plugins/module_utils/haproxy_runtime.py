# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running HAProxy says of itself on its socket, and what its configuration file says."""

from __future__ import annotations

import csv
import ipaddress
import re
import socket
import typing as t
from dataclasses import dataclass

# Seconds for one answer; it comes from memory.
ANSWER_TIMEOUT = 5.0
# As the template of the role haproxy writes them.
_SERVER = re.compile(r"^\s+server (?P<name>\S+) (?P<address>\S+):(?P<port>\d+)(\s|$)", re.MULTILINE)
_DESCRIPTION = re.compile(r"^\s+description (?P<text>.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Server:
    """A server of a backend. C(address) is C(host:port)."""

    name: str
    address: str
    status: str = ""
    """As HAProxy says it: C(UP), C(DOWN), C(MAINT) …, while that changes with how far it is, as C(UP 1/3)."""
    check: str = ""
    """What the last check found, empty before the first."""

    @property
    def up(self) -> bool:
        """Whether connections are led to it, and a check has found that right."""
        return bool(self.check) and self.status.split(" ", maxsplit=1)[0] == "UP"

    def entry(self) -> dict[str, t.Any]:
        """For the result of a module."""
        return {"name": self.name, "address": self.address, "status": self.status, "check": self.check, "up": self.up}


@dataclass(frozen=True)
class Config:
    """What can be compared between a file and the process that has read it."""

    description: str
    servers: tuple[Server, ...]

    def same(self, other: Config) -> bool:
        """Whether both have the same description and servers. A name's address counts as the name."""
        if self.description != other.description or len(self.servers) != len(other.servers):
            return False
        theirs = {server.name: server.address for server in other.servers}
        return all(
            server.name in theirs and _same_address(server.address, theirs[server.name]) for server in self.servers
        )


@dataclass(frozen=True)
class Running(Config):
    """What a process says."""

    version: str
    uptime: int
    """Seconds since it was started or last reloaded."""


def _split(address: str) -> tuple[str, str]:
    host, _colon, port = address.rpartition(":")
    return host.strip("[]"), port


def _same_address(one: str, other: str) -> bool:
    (host, port), (other_host, other_port) = _split(one), _split(other)
    if port != other_port:
        return False
    try:
        return ipaddress.ip_address(host) == ipaddress.ip_address(other_host)
    except ValueError:
        return True  # a name, which the process has resolved


def read_file(text: str) -> Config:
    """Return what the text of a configuration file says."""
    found = _DESCRIPTION.search(text)
    servers = tuple(Server(match["name"], match["address"] + ":" + match["port"]) for match in _SERVER.finditer(text))
    return Config(found["text"].strip() if found else "", servers)


def _ask(path: str, command: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_TIMEOUT)
        connection.connect(path)
        connection.sendall(command.encode() + b"\n")
        parts: list[bytes] = []
        while True:
            part = connection.recv(65536)
            if not part:
                return b"".join(parts).decode("utf-8", "replace")
            parts.append(part)


def read_process(path: str, backend: str) -> Running:
    """Ask the process behind the socket at C(path).

    Raises:
        OSError: Nobody answers there.
        ValueError: It is no HAProxy that answers.
    """
    return parse(_ask(path, "show info"), _ask(path, "show stat"), backend)


def parse(info: str, stat: str, backend: str) -> Running:
    """Return what C(show info) and C(show stat) say. Raises ValueError for what is neither."""
    values = {key: value.strip() for key, colon, value in (line.partition(":") for line in info.splitlines()) if colon}
    if values.get("Name") != "HAProxy" or not stat.startswith("# "):
        raise ValueError("what answers is no HAProxy: %r" % info[:80])
    rows = [row for row in csv.DictReader(stat[2:].splitlines()) if row["pxname"] == backend]
    servers = tuple(
        Server(row["svname"], row["addr"], row["status"], _check(row))
        for row in rows
        if row["svname"] not in ("FRONTEND", "BACKEND")
    )
    return Running(values.get("description", ""), servers, values.get("Version", ""), int(values.get("Uptime_sec", 0)))


def _check(row: t.Mapping[str, str]) -> str:
    # A star says that the next check is under way; INI that there was none yet.
    status = row["check_status"].lstrip("* ")
    return "" if status in ("", "INI") else ("%s %s" % (status, row["last_chk"])).strip()
