# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a diagnosis is made of: known problems, and findings of them with evidence."""

from __future__ import annotations

import typing as t

PROBLEM = "problem"
WARNING = "warning"
NOTE = "note"
# From bad to harmless.
SEVERITIES = (PROBLEM, WARNING, NOTE)

Facts = t.Mapping[str, t.Any]

_SERVER = "https://github.com/temporalio/temporal/issues/"
_HELM = "https://github.com/temporalio/helm-charts/issues/"


def server_thread(number: int) -> str:
    """Return the address of a thread of Temporal Server."""
    return _SERVER + str(number)


def helm_thread(number: int) -> str:
    """Return the address of a thread of the Helm charts."""
    return _HELM + str(number)


class Problem(t.NamedTuple):
    """One known problem."""

    id: str
    severity: str
    title: str
    how: str
    """How it is detected, for the table of docs/diagnose.md."""
    cause: str
    fix: str
    source: str
    """Address of the thread or page it is known from."""


class Finding(t.NamedTuple):
    """A known problem that is there."""

    id: str
    host: str
    """Inventory name, empty for the cluster as a whole."""
    evidence: str
    severity: str = ""
    """Empty for the problem's own."""


Findings = t.Iterator[Finding]


def hosts(facts: Facts, part: str = "") -> list[tuple[str, Facts]]:
    """Return name and facts of the hosts that could be asked, of one part if it is named."""
    return [
        (name, host)
        for name, host in sorted((facts.get("hosts") or {}).items())
        if host.get("time") is not None and (not part or part in host.get("parts", ()))
    ]


def number(value: t.Any) -> float:
    """Return a number that may be missing; 0 then."""
    return float(value or 0)


def size(count: float) -> str:
    """Return bytes in words."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return "%.0f %s" % (count, unit)
        count /= 1024
    return "%.1f TiB" % count
