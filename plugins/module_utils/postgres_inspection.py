# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what roles/postgres/files/inspect.sh printed on a host."""

from __future__ import annotations

import re
import typing as t


class InspectionError(ValueError):
    """The output has a line that the script never prints."""


def _number(fields: t.Sequence[str], index: int) -> int:
    return int(fields[index]) if len(fields) > index and fields[index].isdigit() else 0


def parse_inspection(output: str) -> dict[str, t.Any]:
    """Return what is on a host.

    Keys: ``codename`` (str), ``memory_mb`` and ``free_mb`` (int, MiB), ``addresses`` (list of str, without loopback),
    ``packages`` (list of str, installed ones among those that matter), ``clusters`` (list of dicts: ``version``,
    ``name``, ``data_directory``, ``pid`` and ``port`` of the running server or 0), ``listeners`` on the wanted port
    (list of dicts: ``address``, ``pids``, ``process``), ``stale_units`` (list of str: systemd has not read their files
    again), ``container_units`` and ``drop_ins`` (lists of str: units of clusters that run a container, and those to
    which the role has added for the provider systemd), ``account`` (list of int, user and group of the user postgres;
    empty without one), ``tls_groups`` (list of int, the group that may read Debian's TLS key).

    Raises:
        InspectionError: A line is not one of these.
    """
    result: dict[str, t.Any] = {
        "codename": None,
        "memory_mb": None,
        "free_mb": None,
        "addresses": [],
        "packages": [],
        "clusters": [],
        "listeners": [],
        "stale_units": [],
        "container_units": [],
        "drop_ins": [],
        "account": [],
        "tls_groups": [],
    }
    for line in output.splitlines():
        fields = line.split()
        if not fields:
            continue
        key, values = fields[0], fields[1:]
        if key == "codename":
            result["codename"] = values[0] if values else ""
        elif key == "memory_kb":
            result["memory_mb"] = _number(values, 0) // 1024
        elif key == "free_kb":
            result["free_mb"] = _number(values, 0) // 1024
        elif key == "address":
            result["addresses"] += values
        elif key == "package":
            result["packages"] += values
        elif key == "stale_unit":
            result["stale_units"] += values
        elif key == "container_unit":
            result["container_units"] += values
        elif key == "drop_in":
            result["drop_ins"] += values
        elif key == "account" and len(values) == 2:
            result["account"] = [_number(values, 0), _number(values, 1)]
        elif key == "tls_group":
            result["tls_groups"].append(_number(values, 0))
        elif key == "cluster" and len(values) >= 3:
            result["clusters"].append(
                {
                    "version": values[0],
                    "name": values[1],
                    "data_directory": values[2],
                    "pid": _number(values, 3),
                    "port": _number(values, 4),
                }
            )
        elif key == "listener" and values:
            process = " ".join(values[1:])
            names = re.findall(r'"([^"]*)"', process)
            result["listeners"].append(
                {
                    "address": values[0].rpartition(":")[0].strip("[]").partition("%")[0],
                    "pids": [int(pid) for pid in re.findall(r"pid=([0-9]+)", process)],
                    "process": names[0] if names else "",
                }
            )
        else:
            raise InspectionError("inspect.sh printed a line that is not understood: %r" % line)
    return result
