# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Known problems of hosts and of what runs on them: units, workers, clocks, disks, memory."""

from __future__ import annotations

import collections
import itertools
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_model import (
    PROBLEM,
    WARNING,
    Facts,
    Finding,
    Findings,
    Problem,
    helm_thread,
    hosts,
    number,
    server_thread,
    size,
)

_RESTARTS = 3
_FREE_PART, _FREE_BYTES = 0.10, 1024**3
_FULL_PART, _FULL_BYTES = 0.03, 200 * 1024**2
_MEMORY_PART = 0.05
_OPEN_FILES = 8192
# Seconds: membership is judged by rows younger than 20 s, timers and tokens by the clock of a host.
SKEW = 2.0
_BAD_SKEW = 10.0
_SYSTEMD = "https://www.freedesktop.org/software/systemd/man/latest/"

PROBLEMS = (
    Problem("host_unreachable", PROBLEM, "a host cannot be asked", "Ansible's connection, and the module's own answer",
            "The host is down, or Ansible cannot log in.", "See that `ansible HOST -m ansible.builtin.ping` answers.",
            "https://docs.ansible.com/ansible/latest/reference_appendices/faq.html"),
    Problem("unit_down", PROBLEM, "a service does not run", "`systemctl show` of its units",
            "It was stopped, was never started, or fails at start.",
            "See the findings about its journal; run its part.",
            helm_thread(228)),
    Problem("unit_missing", PROBLEM, "a service is not installed", "`systemctl show` of its units",
            "Its part was never run on this host.", "Run its part.", helm_thread(228)),
    Problem("unit_disabled", WARNING, "a service does not start with the host", "`UnitFileState` of its units",
            "Somebody disabled it.", "Run its part.", _SYSTEMD + "systemctl.html"),
    Problem("crash_loop", PROBLEM, "systemd restarts a service again and again",
            "`NRestarts` of its units, 3 or more since it was started on purpose",
            "It ends by itself: the schema, the configuration or what it needs is not there.",
            "See the findings about its journal.", helm_thread(407)),
    Problem("killed_for_memory", PROBLEM, "a service was killed for want of memory",
            "`Result` of the unit, and the kernel's lines in the journal of the last hour",
            "The host or the unit's MemoryMax is too small.",
            "Give it more, or lower temporal_worker_max_cached_workflows or history caches.", server_thread(4202)),
    Problem("unit_changed_on_disk", WARNING, "a unit file was changed and not loaded",
            "`NeedDaemonReload` of its units",
            "Somebody edited a unit or a drop-in by hand.", "Run its part, or `systemctl daemon-reload`.",
            _SYSTEMD + "systemctl.html"),
    Problem("open_files_low", WARNING, "a service may open few files", "`LimitNOFILE` of its units, below 8192",
            "A drop-in lowers it. Every connection is a file.",
            "Take the drop-in away.", _SYSTEMD + "systemd.exec.html"),
    Problem("disk_nearly_full", WARNING, "a file system is nearly full",
            "`statvfs` of data, journal and installation directories: below 10 % and 1 GiB, or few inodes; "
            "a problem below 3 % or 200 MiB",
            "Data grew, or logs, or replication slots keep the log.", "Free or add space before PostgreSQL stops.",
            "https://www.postgresql.org/docs/current/disk-full.html"),
    Problem("memory_low", WARNING, "hardly any memory is free", "`MemAvailable` of /proc/meminfo, below 5 %",
            "The host is too small for what runs on it.", "Add memory, or move a part to another host.",
            server_thread(4202)),
    Problem("clock_skew", WARNING, "a clock differs",
            "the clock of each host beside the control node's, less the time that the question took: more than 2 s; "
            "between two hosts more than 10 s is a problem",
            "Time is not synchronised.", "Run systemd-timesyncd, chrony or the like on all hosts.",
            server_thread(3612)),
    Problem("time_not_synchronised", WARNING, "the clock is not synchronised", "`timedatectl`: NTPSynchronized is no",
            "No time service runs or reaches its source.", "Run systemd-timesyncd, chrony or the like.",
            server_thread(3612)),
    Problem("ui_unhealthy", PROBLEM, "the UI does not answer", "`GET /healthz` on its host",
            "It is stopped or cannot read its configuration.", "See the findings about its unit and journal.",
            server_thread(3247)),
    Problem("worker_unhealthy", PROBLEM, "a worker does not answer or is degraded", "`GET /health` on its host",
            "It cannot reach Temporal or its database; the evidence says which.",
            "See the findings about the database, the frontends and its journal.", server_thread(2582)),
    Problem("orchestrator_unreachable", WARNING, "a worker does not reach its orchestrator",
            "`runtime` of the worker's /health",
            "The orchestrator is down, or temporal_worker_runtime_grpc_url leads elsewhere. Runs wait for it.",
            "Bring it back, or correct the URL.", server_thread(2582)),
    Problem("events_undelivered", WARNING, "a worker's activities fail",
            "`aegis_temporal_worker_activities_total` by outcome: more failures than successes, 20 or more",
            "The orchestrator refuses or does not answer; events are tried again.",
            "See the worker's journal in the bundle.", server_thread(2582)),
    Problem("worker_versions_differ", WARNING, "workers are of different versions", "`version` of every /health",
            "An upgrade stopped half-way.", "Run the part `temporal_worker` for all hosts.",
            "https://docs.temporal.io/production-deployment/worker-deployments/worker-versioning"),
    Problem("worker_databases_differ", PROBLEM, "workers of one queue use different databases",
            "the database in the environment of the units",
            "Definitions registered with one worker are unknown to the others.",
            "Give all hosts the same temporal_worker_database_host, _port and _name.", helm_thread(504)),
)  # fmt: skip


def detect(facts: Facts) -> Findings:
    """Yield what is known to go wrong with hosts and processes."""
    for name, host in sorted((facts.get("hosts") or {}).items()):
        if host.get("time") is None:
            yield Finding("host_unreachable", name, str(host.get("error") or "no answer"))
    for name, host in hosts(facts):
        for unit in host.get("units") or []:
            yield from _unit(name, unit)
        for disk in host.get("disks") or []:
            yield from _disk(name, disk)
        memory = host.get("memory") or {}
        total, available = number(memory.get("MemTotal")), number(memory.get("MemAvailable"))
        if total and available < _MEMORY_PART * total:
            yield Finding("memory_low", name, "%s of %s" % (size(available), size(total)))
        if host.get("time_synchronised") is False:
            yield Finding("time_not_synchronised", name, "timedatectl says so")
        for answer in host.get("answers") or []:
            if answer["part"] == "ui" and answer.get("status") != 200:
                yield Finding("ui_unhealthy", name, _said(answer))
            if answer["part"] == "worker":
                yield from _worker(name, answer)
            if answer["part"] == "metrics":
                yield from _activities(name, answer)
    yield from _clocks(facts)
    yield from _alike(facts)


def _unit(host: str, unit: Facts) -> Findings:
    name = unit["name"]
    if unit.get("load") == "not-found":
        yield Finding("unit_missing", host, name)
        return
    if unit.get("active") not in ("active", "reloading"):
        yield Finding("unit_down", host, "%s is %s (%s, %s)" % (name, unit["active"], unit["sub"], unit["result"]))
    if unit.get("enabled") in ("disabled", "masked"):
        yield Finding("unit_disabled", host, "%s is %s" % (name, unit["enabled"]))
    if number(unit.get("restarts")) >= _RESTARTS:
        yield Finding("crash_loop", host, "%s: %d restarts" % (name, unit["restarts"]))
    if unit.get("result") == "oom-kill" or unit.get("oom"):
        yield Finding("killed_for_memory", host, "%s: %s" % (name, unit.get("oom") or "its last result is oom-kill"))
    if unit.get("needs_reload"):
        yield Finding("unit_changed_on_disk", host, name)
    if unit.get("open_files") is not None and unit["open_files"] < _OPEN_FILES and unit["part"] in ("server", "worker"):
        yield Finding("open_files_low", host, "%s: %d" % (name, unit["open_files"]))


def _disk(host: str, disk: Facts) -> Findings:
    free, total = disk["free"], disk["size"]
    said = "%s: %s of %s free" % (disk["path"], size(free), size(total))
    if total and free < min(_FULL_PART * total, _FULL_BYTES):
        yield Finding("disk_nearly_full", host, said, PROBLEM)
    elif total and free < _FREE_PART * total and free < _FREE_BYTES:
        yield Finding("disk_nearly_full", host, said)
    if disk["inodes"] and disk["inodes_free"] < _FULL_PART * disk["inodes"]:
        yield Finding(
            "disk_nearly_full", host, "%s: %d of %d inodes free" % (disk["path"], disk["inodes_free"], disk["inodes"])
        )


def _said(answer: Facts) -> str:
    return "%s: %s" % (answer["url"], answer.get("error") or "status %s" % answer.get("status"))


def _worker(host: str, answer: Facts) -> Findings:
    body = answer.get("body") or {}
    if answer.get("status") != 200:
        words = ", ".join("%s %s" % (key, body[key]) for key in ("temporal", "database", "worker") if key in body)
        yield Finding("worker_unhealthy", host, "%s%s" % (_said(answer), ": " + words if words else ""))
    if body.get("runtime") in ("unreachable", "not_serving"):
        yield Finding("orchestrator_unreachable", host, "%s: runtime %s" % (answer["url"], body["runtime"]))


def _activities(host: str, answer: Facts) -> Findings:
    outcomes: dict[str, float] = collections.defaultdict(float)
    for line in (answer.get("text") or "").splitlines():
        if line.startswith("aegis_temporal_worker_activities_total{"):
            for outcome in ("success", "failure"):
                if 'outcome="%s"' % outcome in line:
                    outcomes[outcome] += float(line.rsplit(" ", 1)[1])
    if outcomes["failure"] >= 20 and outcomes["failure"] > outcomes["success"]:
        said = "%s: %d failed, %d succeeded" % (answer["url"], outcomes["failure"], outcomes["success"])
        yield Finding("events_undelivered", host, said)


def _clocks(facts: Facts) -> Findings:
    clocks = {
        name: (number(host["clock"]["offset"]), number(host["clock"]["uncertainty"]))
        for name, host in hosts(facts)
        if host.get("clock")
    }
    for name, (offset, uncertainty) in clocks.items():
        if abs(offset) - uncertainty > SKEW:
            said = "%+.1f s beside the control node (to within %.1f s)" % (offset, uncertainty)
            yield Finding("clock_skew", name, said)
    for one, other in itertools.combinations(sorted(clocks), 2):
        apart = abs(clocks[one][0] - clocks[other][0])
        if apart - clocks[one][1] - clocks[other][1] > _BAD_SKEW:
            yield Finding("clock_skew", one, "%.1f s beside %s" % (apart, other), PROBLEM)


def _alike(facts: Facts) -> Findings:
    versions: dict[str, list[str]] = collections.defaultdict(list)
    databases: dict[str, dict[str, list[str]]] = collections.defaultdict(lambda: collections.defaultdict(list))
    for name, host in hosts(facts, "worker"):
        for answer in host.get("answers") or []:
            if answer["part"] == "worker" and (answer.get("body") or {}).get("version"):
                versions[str(answer["body"]["version"])].append(name)
        for unit in host.get("units") or []:
            environment: t.Mapping[str, str] = unit.get("environment") or {}
            if unit["part"] == "worker" and environment.get("DATABASE_URL"):
                queue = "%s/%s" % (environment.get("TEMPORAL_NAMESPACE"), environment.get("TEMPORAL_TASK_QUEUE"))
                databases[queue][environment["DATABASE_URL"]].append(name)
    if len(versions) > 1:
        yield Finding("worker_versions_differ", "", _listed(versions))
    for queue, found in sorted(databases.items()):
        if len(found) > 1:
            yield Finding("worker_databases_differ", "", "%s: %s" % (queue, _listed(found)))


def _listed(found: t.Mapping[str, t.Sequence[str]]) -> str:
    return "; ".join("%s on %s" % (what, ", ".join(sorted(set(names)))) for what, names in sorted(found.items()))
