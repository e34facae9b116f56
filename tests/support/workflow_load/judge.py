# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ledger comes to: how much was planned, accepted, completed, failed, lost or done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, Final

from .ledger import Entry
from .soak import check_orchestrator_ledger

# A run of the load says something about a change only if most of its starts were made while it happened.
LEAST_ACCEPTED: Final = 0.95
_SHOWN: Final = 20


@dataclass(frozen=True)
class Figures:
    """The counts. ``problems`` is empty when every start completed as it should and nothing was done twice."""

    calibrated_rate: float
    """Runs per second of the closed loop before."""
    rate: float
    """Planned starts per second."""
    seconds: float
    """From the first planned start to the last one."""
    planned: int
    accepted: int
    """Starts that the server has taken, also those whose answer was lost."""
    completed: int
    failed: int
    """Ended as anything but completed, or with a wrong output."""
    lost: int
    """Accepted, and not found or not ended at the end."""
    repeated: int
    """Commands that the orchestrator was asked for more often than once in a run."""
    calls: int
    """Calls of the client while the load ran, without those of the look-up at the end."""
    failed_calls: int
    """Of them, those that failed after the SDK had tried them again."""
    slowest_call_seconds: dict[str, float]
    longest_gap_seconds: float
    """Between two runs that ended one after the other, by the server's clock, from the first start on."""
    problems: list[str] = field(default_factory=list)

    @property
    def accepted_share(self) -> float:
        """Accepted of planned, 0 to 1."""
        return self.accepted / self.planned if self.planned else 0.0

    @property
    def failed_call_share(self) -> float:
        """Failed of all calls, 0 to 1."""
        return self.failed_calls / self.calls if self.calls else 1.0

    @property
    def valid(self) -> bool:
        """Whether the load was heavy enough to say anything."""
        return self.planned > 0 and self.accepted_share >= LEAST_ACCEPTED

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        shares = {"accepted_share": self.accepted_share, "failed_call_share": self.failed_call_share}
        return asdict(self) | shares | {"valid": self.valid}

    def lines(self) -> list[str]:
        """For a person."""
        slowest = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in sorted(self.slowest_call_seconds.items()))
        return [
            f"calibrated {self.calibrated_rate:.1f} workflows/s; load {self.rate:.1f}/s for {self.seconds:.0f} s",
            f"planned {self.planned}, accepted {self.accepted} ({self.accepted_share:.1%}, "
            f"{'valid' if self.valid else 'INVALID: too few'})",
            f"completed {self.completed}, failed {self.failed}, lost {self.lost}, commands repeated {self.repeated}",
            f"client calls {self.calls}, failed after the SDK's retry {self.failed_calls} "
            f"({self.failed_call_share:.4%}); slowest: {slowest or '-'}",
            f"longest gap between two completions {self.longest_gap_seconds:.1f} s",
            *self.problems[:_SHOWN],
            *([f"and {len(self.problems) - _SHOWN} problems more"] if len(self.problems) > _SHOWN else []),
        ]


def judge(entries: Sequence[Entry], orchestrator: Sequence[dict[str, Any]]) -> Figures:
    """Count. ``orchestrator`` is the stand-in's ledger.

    Raises ``ValueError`` for a ledger whose load never began or was not looked up: it says nothing.
    """
    calibrated, begun, ended = (_one(entries, kind) for kind in ("calibrated", "begun", "ended"))
    planned = {entry["id"]: entry["at"] for entry in entries if entry["kind"] == "planned"}
    answered = {entry["id"] for entry in entries if entry["kind"] == "accepted"}
    found = {entry["id"]: entry for entry in entries if entry["kind"] == "found"}
    if missing := planned.keys() - found.keys():
        raise ValueError(f"{len(missing)} of {len(planned)} planned starts were not looked up at the end")
    # A start whose answer was lost may have been taken all the same.
    accepted = [name for name in planned if name in answered or found[name]["status"] != "NOT_FOUND"]
    lost = [name for name in accepted if found[name]["status"] in ("NOT_FOUND", "RUNNING")]
    right = [name for name in accepted if found[name]["status"] == "COMPLETED" and found[name]["output_is_right"]]
    failed = [name for name in accepted if name not in {*lost, *right}]
    findings = check_orchestrator_ledger(orchestrator, accepted)
    repeated = _repeated(orchestrator, set(accepted))
    closed = sorted(entry["closed_at"] for entry in found.values() if entry["closed_at"] is not None)
    return Figures(
        calibrated_rate=calibrated["rate"],
        rate=begun["rate"],
        seconds=max(planned.values()) - min(planned.values()) if planned else 0.0,
        planned=len(planned),
        accepted=len(accepted),
        completed=len(right),
        failed=len(failed),
        lost=len(lost),
        repeated=repeated,
        calls=sum(ended["calls"].values()),
        failed_calls=sum(entry["kind"] == "failed_call" for entry in entries),
        slowest_call_seconds=ended["slowest"],
        longest_gap_seconds=max((after - before for before, after in pairwise([begun["at"], *closed])), default=0.0),
        problems=[
            *(f"{name} is lost: {found[name]['status']}" for name in lost),
            *(f"{name} ended as {found[name]['status']}, not completed with its output" for name in failed),
            *findings,
        ],
    )


def _one(entries: Sequence[Entry], kind: str) -> Entry:
    found = [entry for entry in entries if entry["kind"] == kind]
    if len(found) != 1:
        raise ValueError(
            f"the ledger has {len(found)} entries of the kind '{kind}', expected one: the load did not end"
        )
    return found[0]


def _repeated(orchestrator: Sequence[dict[str, Any]], ids: set[str]) -> int:
    """How many commands more than one per state of a run the orchestrator was asked for."""
    asked = Counter(
        (entry["request"]["env"]["RUN_ID"], entry["request"]["env"]["STATE"])
        for entry in orchestrator
        if entry["kind"] == "call"
        and entry["method"] == "ExecuteSystemCommand"
        and entry["request"].get("env", {}).get("RUN_ID") in ids
    )
    return sum(count - 1 for count in asked.values())
