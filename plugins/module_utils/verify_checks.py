# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather what the tasks of the role C(verify) registered on all hosts into the checks of one report."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils import verify_found
from ansible_collections.aegis.temporal.plugins.module_utils.verify_catalogue import CHECKS, Check

Variables = t.Mapping[str, t.Any]
Checks = t.List[t.Dict[str, t.Any]]


def verify_checks(
    hostvars: t.Mapping[str, Variables], hosts: t.Mapping[str, t.Sequence[str]], chosen: t.Sequence[str]
) -> Checks:
    """Return the checks for the module C(verify_report), in the order of the report.

    Args:
        hostvars: The magic variable of that name; it holds what tasks registered.
        hosts: The names of the hosts by part: C(server), C(ui) and C(worker). A part without hosts has no checks.
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
    return checks


def verify_blocked(checks: Checks) -> list[str]:
    """Return the ids of the checks that need one that has failed so far, directly or by way of others.

    Other than in a report a check without a result has not failed: its turn may come.
    """
    stopped = {check["id"] for check in checks if verify_found.failed(check["result"])}
    blocked: list[str] = []
    # The catalogue has every need before what needs it.
    for check in CHECKS:
        if stopped & set(check.needs):
            blocked.append(check.id)
            stopped.add(check.id)
    return blocked


def _reporter(hostvars: t.Mapping[str, Variables], members: t.Sequence[str], check: Check) -> str:
    """Return the host that has the result of a check that runs once, the first one when none has."""
    return next((host for host in members if hostvars[host].get(check.variables[0])), members[0])


def _entry(check: Check, host: str, result: t.Any) -> dict[str, t.Any]:
    explained, detail = verify_found.explain(check.id, result)
    return {
        "id": check.id,
        "name": check.name,
        "host": host,
        "result": explained,
        "detail": detail,
        "needs": list(check.needs),
        "local": check.each,
        "cause": check.cause,
        "fix": check.fix,
    }
