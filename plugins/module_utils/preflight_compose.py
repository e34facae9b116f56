# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for the variables of the role ``compose``."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import say

Settings = t.Mapping[str, t.Any]

# Compose specification, "name".
_PROJECT = re.compile(r"[a-z0-9][a-z0-9_-]*\Z")
_RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?\Z")
# What the tuning of PostgreSQL makes sense for.
_LEAST_MEMORY_MB = 128
# Gateway, broadcast, seven services and a few workers.
_LONGEST_PREFIX = 27


def _number(value: t.Any) -> int | None:
    return int(str(value)) if str(value).isdigit() else None


def _places(settings: Settings) -> t.Iterator[str]:
    directory = str(settings["directory"])
    if not directory.startswith("/"):
        yield say(
            "compose_directory",
            directory,
            "no absolute path",
            "Name the directory on this machine that the project is written to.",
        )
    if not _PROJECT.match(str(settings["project"])):
        yield say(
            "compose_project",
            settings["project"],
            "no name of a Compose project",
            "Use small letters, digits, - and _.",
        )
    own = _number(settings["own_uid"])
    for name in ("uid", "gid"):
        number = _number(settings[name])
        if not number:
            yield say("compose_" + name, settings[name], "no number from 1 on", "Give one: no container is root.")
        elif name == "uid" and own and number != own:
            yield say(
                "compose_uid",
                number,
                "another user than the one who exports (%d), who cannot give files away" % own,
                "Leave it out, or export as root.",
            )
    memory = _number(settings["postgres_memory_mb"])
    if memory is None or memory < _LEAST_MEMORY_MB:
        yield say(
            "compose_postgres_memory_mb",
            settings["postgres_memory_mb"],
            "no number from %d on" % _LEAST_MEMORY_MB,
            "Give the MiB that PostgreSQL may count on, such as 1024.",
        )


def _network(settings: Settings) -> t.Iterator[str]:
    subnet = settings["subnet"]
    try:
        network = ipaddress.ip_network(str(subnet))
    except ValueError as error:
        yield say("compose_subnet", subnet, "no network (%s)" % error, "Give one such as 172.31.147.0/24.")
    else:
        if network.version == 4 and (network.prefixlen > _LONGEST_PREFIX or not network.is_private):
            yield say(
                "compose_subnet",
                subnet,
                "too small, or not private",
                "Give a private network of /%d or larger, such as 172.31.147.0/24." % _LONGEST_PREFIX,
            )
    try:
        ipaddress.ip_address(str(settings["publish_address"]))
    except ValueError:
        yield say(
            "compose_publish_address",
            settings["publish_address"],
            "no IP address",
            "Give the address of this machine that ports are published on, such as 127.0.0.1.",
        )


def _ports(settings: Settings) -> t.Iterator[str]:
    taken: dict[int, str] = {}
    for name, value in settings["ports"].items():
        number = _number(value)
        if number is None or not 1 <= number <= 65535:
            yield say(name, value, "no port", "Give a number from 1 to 65535.")
        elif number in taken:
            yield say("%s and %s" % (taken[number], name), number, "one port for two listeners", "Give each its own.")
        else:
            taken[number] = name
    value = str(settings["worker_ports"])
    match = _RANGE.match(value)
    first = int(match.group(1)) if match else 0
    last = int(match.group(2) or first) if match else 0
    if not 1 <= first <= last <= 65535:
        yield say(
            "compose_worker_ports",
            value,
            "no range of ports",
            "Give one such as 3000-3009; each worker takes a port of it.",
        )
        return
    for number, name in sorted(taken.items()):
        if first <= number <= last:
            yield say("compose_worker_ports", value, "holds %s (%d)" % (name, number), "Give another range.")


def problems(settings: Settings) -> list[str]:
    """Return what is wrong with the variables and the inventory, one text for each problem.

    ``settings`` are the role's variables without their prefix, ``own_uid`` of the user who exports, ``postgres_mode``
    and ``groups_without_hosts``.
    """
    found = [*_places(settings), *_network(settings), *_ports(settings)]
    if settings["groups_without_hosts"]:
        found.append(
            "The inventory has no host in %s: a Compose project is a whole deployment. Name a host in each group; "
            "it is not contacted." % ", ".join(settings["groups_without_hosts"])
        )
    if settings["postgres_mode"] != "server":
        found.append(
            say(
                "postgres_mode",
                settings["postgres_mode"],
                "not exported: the project brings its own PostgreSQL",
                "Set it to server for the export.",
            )
        )
    return found
