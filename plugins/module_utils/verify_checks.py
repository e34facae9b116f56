# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather what the tasks of the role C(verify) registered on all hosts into the checks of one report."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils import verify_found
from ansible_collections.aegis.temporal.plugins.module_utils.verify_catalogue import CHECKS, Check
from ansible_collections.aegis.temporal.plugins.module_utils.verify_report import BLOCKED, rows

Variables = t.Mapping[str, t.Any]
Checks = t.List[t.Dict[str, t.Any]]

_UNREACHABLE = (
    "Ansible does not reach the host or can run nothing there, so nothing is known of what runs.",
    "See that the host is up and that `ansible HOST -m ansible.builtin.ping` answers.",
)


def verify_checks(
    hostvars: t.Mapping[str, Variables], hosts: t.Mapping[str, t.Sequence[str]], chosen: t.Sequence[str]
) -> Checks:
    """Return the checks for the module C(verify_report), in the order of the report.

    Args:
        hostvars: The magic variable of that name; it holds what tasks registered.
        hosts: The names of the hosts by part: C(server), C(haproxy), C(ui), C(worker) and C(version), the worker hosts
            whose workers are a version of a worker deployment. A part without hosts has no checks.
        chosen: Ids of the checks that were meant to run.
    """
    checks: Checks = []
    for check in CHECKS:
        members = hosts.get(check.group) or ()
        if check.id not in chosen or not members:
            continue
        for host in members if check.each else [_reporter(hostvars, members, check)]:
            checks.append(
                _entry(check, host, verify_found.together([hostvars[host].get(name) for name in check.variables]))
            )
    verify_found.compare(checks)
    verify_found.tell_runtime(checks)
    return checks


def verify_blocked(checks: Checks, host: str) -> list[str]:
    """Return the ids of the checks that, on ``host``, need one that has failed so far, directly or by way of others.

    Other than in a report a check without a result has not failed: its turn may come.
    """
    so_far = [
        check if verify_found.failed(check["result"]) else {**check, "result": {"failed": False}} for check in checks
    ]
    return [
        entry["id"]
        for check, entry in zip(checks, rows(so_far))
        if entry["result"] == BLOCKED and (entry["host"] == host or not check["local"])
    ]


def _reporter(hostvars: t.Mapping[str, Variables], members: t.Sequence[str], check: Check) -> str:
    """Return the host that has the result of a check that runs once, the first one when none has."""
    return next((host for host in members if hostvars[host].get(check.variables[0])), members[0])


def _entry(check: Check, host: str, result: t.Any) -> dict[str, t.Any]:
    explained, detail = verify_found.explain(check.id, result)
    unreachable = verify_found.unreached(explained)
    return {
        "id": check.id,
        "name": check.name,
        "host": host,
        "result": explained,
        "detail": detail,
        "needs": list(check.needs),
        "local": check.each,
        "cause": _UNREACHABLE[0] if unreachable else check.cause,
        "fix": _UNREACHABLE[1] if unreachable else check.fix,
    }
