# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather what the tasks of verify.yml registered on all hosts into the checks of one report."""

from __future__ import annotations

import typing as t

Variables = t.Mapping[str, t.Any]
Checks = t.List[t.Dict[str, t.Any]]


# The usual cause when all the rest is healthy.
_RUNTIME_ADVICE = (
    "The commands of a workflow run on the AEGIS orchestrator: see that it answers where "
    "temporal_worker_runtime_grpc_url and temporal_worker_orchestrator_url point."
)


def _server(host: str, variables: Variables) -> Checks:
    results = (variables.get("temporal_health") or {}).get("results") or [{}]
    checks = []
    for result in results:
        argv = (result.get("item") or {}).get("argv") or [""]
        service = next((word for word in argv if word.startswith("-service=")), "").rpartition(".")[2]
        checks.append({"name": "%s answers SERVING" % (service or "Temporal Server"), "host": host, "result": result})
    return checks


def _workers(host: str, variables: Variables) -> Checks:
    result = variables.get("verify_worker_health")
    count = len((result or {}).get("workers") or [])
    return [{"name": "workers are healthy", "host": host, "result": result, "detail": "%d instance(s)" % count}]


def _pollers(host: str, result: t.Any) -> dict[str, t.Any]:
    identities = sorted({poller["identity"] for poller in (result or {}).get("pollers") or []})
    return {"name": "workers poll the task queue", "host": host, "result": result, "detail": ", ".join(identities)}


def _run(host: str, result: t.Any) -> dict[str, t.Any]:
    answer = result or {}
    outcome = answer.get("result")
    result = dict(answer)
    if answer.get("failed") and isinstance(outcome, t.Mapping) and outcome.get("error"):
        # The workflow closed, but what it ran failed: that is the cause, not the closing.
        result["msg"] = "the echo workflow %s: %s" % (outcome.get("status"), outcome["error"])
    elif answer.get("failed"):
        result["msg"] = "%s %s" % (answer.get("msg", "It did not start."), _RUNTIME_ADVICE)
    detail = "%s, %s history events" % (answer.get("workflow_id"), answer.get("history_length"))
    return {"name": "an echo workflow ran to Completed", "host": host, "result": result, "detail": detail}


def verify_checks(
    hostvars: t.Mapping[str, Variables], groups: t.Mapping[str, t.Sequence[str]], reporter: str
) -> Checks:
    """Return the checks for the module C(verify_report), in the order of the report.

    Args:
        hostvars: The magic variable of that name; it holds what tasks registered.
        groups: The magic variable of that name.
        reporter: The host on which the checks ran that are run once.
    """
    checks: Checks = []
    for host in groups.get("temporal", []):
        checks += _server(host, hostvars[host])
    for host in groups.get("temporal_ui", []):
        checks.append({"name": "Temporal UI answers", "host": host, "result": hostvars[host].get("temporal_ui_health")})
    for host in groups.get("temporal_worker", []):
        checks += _workers(host, hostvars[host])
    once = hostvars[reporter]
    checks.append(_pollers(reporter, once.get("verify_pollers")))
    checks.append({"name": "a worker takes a definition", "host": reporter, "result": once.get("verify_registered")})
    checks.append(_run(reporter, once.get("verify_run")))
    checks.append({"name": "the definition is removed again", "host": reporter, "result": once.get("verify_removed")})
    return checks
