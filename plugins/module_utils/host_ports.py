# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which TCP ports of this host are taken, and by which process and systemd unit: read from procfs alone."""

from __future__ import annotations

import errno
import fnmatch
import glob
import ipaddress
import os
import re
import socket
import struct
import typing as t

# Linux, include/net/tcp_states.h: TCP_LISTEN.
_LISTEN = "0A"
_SOCKET_LINK = re.compile(r"^socket:\[(\d+)\]$")
_UNIT_SUFFIXES = (".service", ".scope", ".socket")
# Docker's control groups have the container's id in their name, whichever driver makes them.
_CONTAINER = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
RUN = "/run"
CONTAINER_ID = "container-id"
"""File in the runtime directory of a unit (``<unit>.container``) with the id of the container that it runs."""

if t.TYPE_CHECKING:
    Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


class Listener(t.NamedTuple):
    """A listening TCP socket."""

    address: Address
    port: int
    inode: str


class Holder(t.NamedTuple):
    """A process that has a socket open."""

    pid: int
    name: str
    units: tuple[str, ...]
    """systemd units of its control group, outermost first."""

    def __str__(self) -> str:
        where = ", unit %s" % self.units[-1] if self.units else ""
        return "%s (pid %d%s)" % (self.name, self.pid, where)


def _decode_address(text: str) -> Address:
    """Decode an address of /proc/net/tcp{,6}: 32-bit words in the machine's byte order, as hex digits."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    # The kernel prints each word as a host integer, so packing it natively restores network order.
    address = ipaddress.ip_address(struct.pack("=%dI" % len(words), *words))
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def parse_listeners(text: str) -> list[Listener]:
    """Return the listening sockets in the text of /proc/net/tcp or /proc/net/tcp6."""
    listeners = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 10 or fields[3] != _LISTEN:
            continue
        address, port = fields[1].split(":")
        listeners.append(Listener(_decode_address(address), int(port, 16), fields[9]))
    return listeners


def listeners(proc: str = "/proc") -> list[Listener]:
    """Return all listening TCP sockets of this network namespace.

    Raises:
        OSError: procfs cannot be read.
    """
    found: list[Listener] = []
    for name in ("tcp", "tcp6"):
        path = os.path.join(proc, "net", name)
        # A kernel without IPv6 has no tcp6.
        if name == "tcp6" and not os.path.exists(path):
            continue
        with open(path, encoding="ascii") as table:
            found.extend(parse_listeners(table.read()))
    return found


def overlap(wanted: Address, other: Address) -> bool:
    """Tell whether two sockets on one port exclude each other.

    A socket on the IPv6 wildcard address takes IPv4 connections too, unless it was told not to; procfs does not say
    which, so this answers for the worse case and `bind_error` asks the kernel.
    """
    if other == wanted:
        return True
    if other.is_unspecified:
        return other.version == 6 or wanted.version == 4
    if wanted.is_unspecified:
        return wanted.version == 6 or other.version == 4
    return False


def bind_error(address: Address, port: int) -> int | None:
    """Ask the kernel for ``address``:``port`` and give it back at once.

    Returns ``None`` when it can be had, else the error number (EADDRINUSE, EADDRNOTAVAIL, …).
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Connections in TIME_WAIT do not keep a server from starting; a listener still does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((str(address), port))
        except OSError as error:
            return error.errno
    return None


def units_of(cgroups: str) -> tuple[str, ...]:
    """Return the systemd units named in the text of /proc/<pid>/cgroup, outermost first, without repeats."""
    units: dict[str, None] = {}
    for line in cgroups.splitlines():
        controllers, _colon, path = line.partition(":")[2].partition(":")
        # Units live in systemd's own hierarchy (version 1) or in the unified one (no controller named).
        if controllers not in ("", "name=systemd"):
            continue
        units.update((part, None) for part in path.split("/") if part.endswith(_UNIT_SUFFIXES))
    return tuple(units)


def units_in_containers(run: str = RUN) -> list[str]:
    """Return the units of ours that run a container now."""
    suffix = len(".container")
    records = glob.glob(os.path.join(run, "*.container", CONTAINER_ID))
    return sorted(os.path.basename(os.path.dirname(path))[:-suffix] + ".service" for path in records)


def container_units(cgroups: str, run: str = RUN) -> tuple[str, ...]:
    """Return the units of ours whose container a process is in, by the text of its /proc/<pid>/cgroup.

    Such a process belongs to Docker's control group, not to that of the unit that runs the container.
    """
    ids = set(_CONTAINER.findall(cgroups))
    if not ids:
        return ()
    names = [unit[: -len(".service")] for unit in units_in_containers(run)]
    return tuple(
        name + ".service"
        for name in names
        if _read(os.path.join(run, name + ".container", CONTAINER_ID)).strip() in ids
    )


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _name(directory: str) -> str:
    """Return the name of a process, whole: the kernel cuts its own record off after 15 bytes."""
    short = _read(os.path.join(directory, "comm")).strip()
    words = _read(os.path.join(directory, "cmdline")).split("\0")
    return next((name for name in map(os.path.basename, words) if name.startswith(short)), short)


def holders(inodes: t.Collection[str], proc: str = "/proc") -> dict[str, list[Holder]]:
    """Return the processes that hold each of the socket ``inodes``.

    Processes of other users are seen by root only; one that ends while we look is passed over.
    """
    found: dict[str, list[Holder]] = {inode: [] for inode in inodes}
    for pid in filter(str.isdigit, os.listdir(proc)):
        directory = os.path.join(proc, pid)
        try:
            for descriptor in os.scandir(os.path.join(directory, "fd")):
                match = _SOCKET_LINK.match(os.readlink(descriptor.path))
                if match is None or match.group(1) not in found:
                    continue
                cgroups = _read(os.path.join(directory, "cgroup"))
                holder = Holder(int(pid), _name(directory), units_of(cgroups) + container_units(cgroups))
                if holder not in found[match.group(1)]:
                    found[match.group(1)].append(holder)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def resolve(address: str) -> list[Address]:
    """Return the addresses meant by an IP address or a name.

    Raises:
        OSError: The name cannot be resolved.
    """
    try:
        return [ipaddress.ip_address(address.strip("[]"))]
    except ValueError:
        answers = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)
        return sorted({ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers}, key=str)


def _addresses(item: t.Mapping[str, t.Any]) -> tuple[list[Address], str | None]:
    """Return the addresses of this host that ``item`` means, or why there are none."""
    try:
        addresses = resolve(item["address"])
    except OSError as error:
        return [], "%s: the address %r cannot be resolved on this host: %s. Give an address of this host." % (
            item["variable"],
            item["address"],
            error.strerror,
        )
    # A name may stand for more than this host has, as localhost does where IPv6 is off.
    here = [address for address in addresses if bind_error(address, 0) != errno.EADDRNOTAVAIL]
    if not here:
        return [], (
            "%s: the address %s is not on this host, so nothing can listen on %s:%d. "
            "Give an address of this host, or 0.0.0.0 for all."
            % (item["variable"], item["address"], item["address"], item["port"])
        )
    return here, None


def port_problems(ports: t.Iterable[t.Mapping[str, t.Any]], proc: str = "/proc") -> list[str]:
    """Return one sentence for each wanted port that its unit could not listen on.

    Each item has ``port`` (1 to 65535), ``address`` (IP address or name), ``unit`` (systemd unit that may hold it
    already, shell wildcards allowed, may be empty) and ``variable`` (the name that the sentence begins with).

    Raises:
        OSError: procfs cannot be read.
    """
    problems: list[str] = []
    wanted: list[tuple[t.Mapping[str, t.Any], Address]] = []
    for item in ports:
        addresses, problem = _addresses(item)
        if problem is not None:
            problems.append(problem)
        twin = next(
            (
                earlier
                for earlier, taken in wanted
                if earlier["port"] == item["port"] and any(overlap(address, taken) for address in addresses)
            ),
            None,
        )
        if twin is not None:
            problems.append(
                "%s is %d: %s wants the same port on the same address. Give another port."
                % (item["variable"], item["port"], twin["variable"])
            )
        wanted.extend((item, address) for address in addresses)
    return problems + _taken_problems(wanted, proc)


def _taken_problems(wanted: t.Iterable[tuple[t.Mapping[str, t.Any], Address]], proc: str) -> list[str]:
    table = listeners(proc)
    taken = []
    for item, address in wanted:
        rivals = [rival for rival in table if rival.port == item["port"] and overlap(address, rival.address)]
        if rivals:
            taken.append((item, address, rivals))
    if not taken:
        return []
    # Walking all open files of all processes is the slow part: once, and only when there is something to look for.
    open_in = holders({rival.inode for _item, _address, rivals in taken for rival in rivals}, proc)
    found = (
        _taken_problem(item, address, [holder for rival in rivals for holder in open_in[rival.inode]])
        for item, address, rivals in taken
    )
    return [problem for problem in found if problem is not None]


def _taken_problem(item: t.Mapping[str, t.Any], address: Address, processes: t.Sequence[Holder]) -> str | None:
    own = any(fnmatch.fnmatchcase(unit, item["unit"]) for holder in processes for unit in holder.units)
    if own or bind_error(address, item["port"]) is None:
        return None
    if processes:
        by = ", ".join(sorted({str(holder) for holder in processes}))
        fix = "Give another port, or stop that process."
    else:
        by = "a process that cannot be seen"
        fix = "Give another port, or let this check run as root to learn which process it is."
    return "%s is %d: %s:%d on this host is held by %s. %s" % (
        item["variable"],
        item["port"],
        address,
        item["port"],
        by,
        fix,
    )
