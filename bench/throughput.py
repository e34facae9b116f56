# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workflows per second of five System states beside five activities of a bare Temporal worker, and where CPU goes."""

from __future__ import annotations

import os
from collections import defaultdict

from temporalio.client import Client

from . import definitions
from .bare_workflow import ACTIVITIES
from .load import Load, interpreted
from .options import Options
from .report import Finding, Result, Spread, table
from .rig import Rig, rig
from .usage import cpu_of, difference

CONCURRENCY = 50
GOAL = 0.95
OURS, BARE, LEAN, OUTSIDE = "ours", "bare", "bare lean", "bare + outside"
_KINDS = {BARE: "default", LEAN: "lean", OUTSIDE: "outside"}
_STATES = 5
_WARM_UP = 200
# Of one batch; twelve seconds or more.
_WORKFLOWS = 400


async def run(options: Options) -> Result:
    """Batches of each in turn, after a warm-up of each."""
    with rig(options.sources) as made:
        client = await Client.connect(made.temporal.address, namespace=made.temporal.namespace)
        loads, workers = _workers(made)
        for load in loads.values():
            await load.run_many(client, _WARM_UP, CONCURRENCY)
        rates: dict[str, list[float]] = defaultdict(list)
        costs: dict[str, list[dict[str, float]]] = defaultdict(list)
        latencies: dict[str, list[float]] = defaultdict(list)
        names = list(loads)
        for number in range(options.repetitions):
            for name in names[number % len(names) :] + names[: number % len(names)]:
                pids = {
                    "worker": workers[name],
                    "server": made.temporal.server.pid,
                    "postgres": made.postgres_pid,
                    "stand-in": made.standin.pid,
                    "client": os.getpid(),
                }
                before = _cpu(pids)
                batch = await loads[name].run_many(client, options.workflows or _WORKFLOWS, CONCURRENCY)
                spent = difference(_cpu(pids), before)
                rates[name].append(batch.per_second)
                costs[name].append({who: 1000 * used / len(batch.latencies) for who, used in spent.items()})
                latencies[name].append(1000 * Spread.of(batch.latencies).median)
    return _result(rates, costs, latencies)


def _workers(made: Rig) -> tuple[dict[str, Load], dict[str, int]]:
    """The loads, and the process ids of their workers."""
    worker = made.start_worker()
    five = definitions.linear(_STATES)
    worker.register(five)
    loads = {OURS: interpreted(five, worker.task_queue)}
    pids = {OURS: worker.process.pid}
    for name, kind in _KINDS.items():
        process, queue = made.start_bare_worker(kind)
        loads[name] = Load("bare", [], queue, lambda result: bool(result == ACTIVITIES))
        pids[name] = process.pid
    return loads, pids


def _cpu(pids: dict[str, int]) -> dict[str, float]:
    used = cpu_of(pids)
    # This process is the parent of all others; only its own time is the client's.
    own = os.times()
    return used | {"client": own.user + own.system}


def _result(
    rates: dict[str, list[float]], costs: dict[str, list[dict[str, float]]], latencies: dict[str, list[float]]
) -> Result:
    beside = {
        name: Spread.of(ours / other for ours, other in zip(rates[OURS], rates[name], strict=True)) for name in _KINDS
    }
    cpu = {name: {who: Spread.of(cost[who] for cost in costs[name]).median for who in costs[name][0]} for name in rates}
    outside_ratio = cpu[OURS]["worker"] / cpu[OUTSIDE]["worker"]
    cpu_ratio = cpu[OURS]["worker"] / cpu[BARE]["worker"]
    heading = ["", "workflows/s", "latency p50", *(f"{who} ms" for who in cpu[OURS]), "all ms"]
    rows = [
        [
            name,
            Spread.of(rates[name]).text(digits=1),
            Spread.of(latencies[name]).text("ms", 0),
            *(f"{used:.1f}" for used in cpu[name].values()),
            f"{sum(cpu[name].values()):.1f}",
        ]
        for name in rates
    ]
    return Result(
        "throughput",
        [
            Finding(
                f"workflows/s at concurrency {CONCURRENCY}, beside a bare worker (SDK defaults)",
                f"≥ {GOAL:.2f}x",
                f"{beside[BARE].text()}x",
                beside[BARE].median >= GOAL,
            )
        ],
        [
            *table([heading, *rows]).splitlines(),
            "CPU is ms per workflow by process, with what it forked. bare: default sandbox, asyncio, the SDK's",
            "converter, five activities that do nothing. bare lean: no sandbox, uvloop. bare + outside: bare, and each",
            "activity sends two events and has one command run, as ours does in a safer way.",
            *(f"ours beside {name}: {spread.text()}x" for name, spread in beside.items()),
            f"our worker's CPU beside bare's: {cpu_ratio:.2f}x, beside bare + outside's: {outside_ratio:.2f}x",
        ],
        {"workflows_per_second": dict(rates), "cpu_ms_per_workflow": dict(costs), "latency_p50_ms": dict(latencies)},
    )
