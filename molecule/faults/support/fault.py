# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One injected fault as data: how it is made, proved and removed, and what the verification has to say of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

CONTROL = "control"
"""The host of a step that runs on the control node."""
PREFIX = "molecule-faults-"
SERVER_UNIT = "temporal-server.service"
UI_UNIT = "temporal-ui.service"
WORKER_UNIT = "aegis-temporal-worker@0.service"


@dataclass(frozen=True)
class Step:
    """A shell command, which ends with status 0, on a host of the scenario without its prefix, or on C(control)."""

    host: str
    command: str


@dataclass(frozen=True)
class Fault:
    """A fault and its expectations. Rows are written as ``check@host``, without the prefix of the hosts."""

    name: str
    what: str
    """The first column of docs/faults.md."""
    inject: tuple[Step, ...]
    there: tuple[Step, ...]
    """Each succeeds while the fault is there; at least one fails without it."""
    remove: tuple[Step, ...]
    """Works also where the injection stopped half-way."""
    says: Mapping[str, tuple[str, ...]]
    """By row that must fail, and no other may: words of its detail, cause or fix that name this fault."""
    blocked: frozenset[str]
    """The rows that must be blocked. Every other one must have passed."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Extra variables of the verification, for a fault that lies in the inventory."""

    @property
    def row(self) -> str:
        """The line of the table in docs/faults.md."""
        says = "<br>".join(f"`{row}`: {' … '.join(words)}" for row, words in self.says.items())
        return f"| {self.what} | {says} | {_names(self.blocked)} | `{self.name}` |"


def _names(rows: Iterable[str]) -> str:
    hosts: dict[str, list[str]] = {}
    for row in sorted(rows):
        check, _at, host = row.partition("@")
        hosts.setdefault(check, []).append(host)
    return ", ".join(f"{check} ({', '.join(on)})" for check, on in hosts.items()) or "none"


def steps(hosts: str, command: str) -> tuple[Step, ...]:
    """Return the same command for each of the hosts, whose names are separated by blanks."""
    return tuple(Step(host, command) for host in hosts.split())


def drop_in(hosts: str, unit: str, *lines: str) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Return the steps that add lines to a unit's section Service, with a restart, and those that remove them."""
    directory = f"/etc/systemd/system/{unit}.d"
    text = " ".join(f"'{line}'" for line in ("[Service]", *lines))
    # The lines are arguments, not the format: systemd has specifiers that begin with a per cent sign, too.
    make = f"mkdir -p {directory} && printf '%s\\n' {text} > {directory}/fault.conf"
    again = f"systemctl daemon-reload && systemctl restart {unit}"
    return steps(hosts, f"{make} && {again}"), steps(hosts, f"rm -rf {directory} && {again}")


def has_environment(hosts: str, unit: str, entry: str) -> tuple[Step, ...]:
    """Return the steps that prove that the process of a unit runs with an entry of its environment."""
    return steps(
        hosts,
        f"tr '\\0' '\\n' < /proc/$(systemctl show --property=MainPID --value {unit})/environ | grep -Fxq '{entry}'",
    )


def is_stopped(unit: str) -> str:
    """Return the command that proves that a unit does not run."""
    return f"! systemctl is-active --quiet {unit}"


def is_running(unit: str) -> str:
    """Return the command that proves that a unit runs."""
    return f"systemctl is-active --quiet {unit}"


def is_frozen(unit: str) -> str:
    """Return the command that proves that the process of a unit has been stopped by a signal."""
    return f"grep -q '^State:.*T' /proc/$(systemctl show --property=MainPID --value {unit})/status"


def rows(text: str) -> frozenset[str]:
    """Return the rows of a text like C(ring@server-1 workers@worker-1)."""
    return frozenset(text.split())


ECHO_DEPENDENTS = rows("gate@worker-1 visibility@worker-1 schedule@worker-1")
REGISTER_DEPENDENTS = ECHO_DEPENDENTS | rows("definitions@worker-1 definitions@worker-2 echo@worker-1 cleanup@worker-1")
WORKERS_DEPENDENTS = REGISTER_DEPENDENTS | rows("pollers@worker-1 register@worker-1")
_ALL_SERVICES_DEPENDENTS = WORKERS_DEPENDENTS | rows(
    "ring@server-1 shards@server-1 namespaces@server-1 workers@worker-1 workers@worker-2"
)
# Of the first server, which has the UI beside it, and of the second.
SERVICES_1_DEPENDENTS = _ALL_SERVICES_DEPENDENTS | rows("versions@server-1 ui_api@server-1")
SERVICES_2_DEPENDENTS = _ALL_SERVICES_DEPENDENTS | rows("versions@server-2")
_STORES = rows("schema@server-1 connections@server-1 disk@server-1")
DATABASE_2_DEPENDENTS = SERVICES_2_DEPENDENTS | _STORES | rows("services@server-2")
DATABASE_DEPENDENTS = DATABASE_2_DEPENDENTS | SERVICES_1_DEPENDENTS | rows("services@server-1")
