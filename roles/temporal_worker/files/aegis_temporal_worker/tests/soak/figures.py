# SPDX-License-Identifier: Apache-2.0
"""The counts and gaps that the test prints. None of them is asserted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median

from .faults import Kill, Outage
from .ledger_check import TERMINAL, Findings, RunTold

# A run whose latest event is one of these waits for somebody else.
_WAITING = ("HumanInputRequested", "SubworkflowTriggered")


def lines(findings: Findings, kills: Sequence[Kill], outage: Outage) -> list[str]:
    """What is to be read after a run of the test."""
    gaps = sorted(gap for kill, until in _lives(kills, outage) for gap in _resumed(findings, kill, until))
    visits = findings.visits
    told = [
        f"runs {len(findings.runs)}, events {findings.events}, doubles {findings.doubles} "
        f"(of them with another time {findings.retimed}), problems {len(findings.problems)}",
        f"kills of the worker {len(kills)}, orchestrator away {outage.seconds:.0f} s",
        f"visits of states {len(visits)}, of them failed and taken up again {sum(not v.succeeded for v in visits)}",
        f"calls of the runtime: {', '.join(f'{name} {count}' for name, count in sorted(findings.calls.items()))}",
        f"longest gap between two events of a run, without the outage: {_longest_gap(findings, outage):.1f} s",
    ]
    if gaps:
        told.append(
            f"from a worker's start to the next event of a run that its predecessor left: {len(gaps)} gaps, "
            f"median {median(gaps):.1f} s, 99 % {gaps[int(len(gaps) * 0.99)]:.1f} s, longest {gaps[-1]:.1f} s"
        )
    return told


def _moments(run: RunTold) -> list[tuple[datetime, str]]:
    """When the first deliveries came, and what they are."""
    return [(datetime.fromisoformat(run.times[number]), run.events[number]["event_type"]) for number in run.times]


def _longest_gap(findings: Findings, outage: Outage) -> float:
    longest = 0.0
    for run in findings.runs.values():
        moments = _moments(run)
        for (before, kind), (after, _) in pairwise(moments):
            if kind not in _WAITING:
                longest = max(longest, (after - before).total_seconds() - outage.overlap(before, after))
    return longest


def _lives(kills: Sequence[Kill], outage: Outage) -> Iterator[tuple[Kill, datetime]]:
    """Kills whose successor lived while the orchestrator was there, and the successor's end."""
    for kill, following in pairwise(kills):
        if not outage.overlap(kill.killed, following.killed):
            yield kill, following.killed


def _resumed(findings: Findings, kill: Kill, until: datetime) -> Iterator[float]:
    """Seconds until each run that was at work went on; one that was interrupted once more counts for that kill."""
    for run in findings.runs.values():
        moments = _moments(run)
        before = [kind for moment, kind in moments if moment < kill.killed]
        if not before or before[-1] in _WAITING or before[-1] in TERMINAL:
            continue
        after = next((moment for moment, _ in moments if moment > kill.started), None)
        if after is not None and after < until:
            yield (after - kill.started).total_seconds()
