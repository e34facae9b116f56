# SPDX-License-Identifier: Apache-2.0
"""Judges what the orchestrator received: every event at least once and in order, no work begun twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from .visits import Visit

Entry = dict[str, Any]
Event = dict[str, Any]

TERMINAL: Final = ("WorkflowExecutionCompleted", "WorkflowExecutionFailed", "WorkflowExecutionCancelled")

# Times of the run. A workflow task that was lost with its worker is done again later, and tells its events anew.
_TIMES: Final = ("timestamp", "expires_at")

# Work that is begun at most once. Judges are asked again, and workspaces are made again, by design.
_ONCE: Final = ("ExecuteAgent", "ExecuteSystemCommand", "ExecuteContainerRun", "RunRepositoryAction")

# The orchestrator has no record of a child; it keeps such an event, and then refuses it (contract 1.2, D4.2).
_NO_RECORD: Final = "execution not found"


@dataclass
class RunTold:
    """What the ledger says of one run; ``events`` are first deliveries by their number, ``times`` when they came."""

    child: bool = False
    events: dict[int, Event] = field(default_factory=dict)
    times: dict[int, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    doubles: int = 0
    retimed: int = 0
    visits: list[Visit] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether a terminal event came."""
        return any(event["event_type"] in TERMINAL for event in self.events.values())

    def take_event(self, entry: Entry) -> None:
        """One more event, in the order of arrival."""
        number, event = entry["sequence"], entry["event"]
        name = f"{event.get('event_type')} no. {number}"
        if entry["status"] != 200 and not (self.child and _NO_RECORD in entry["reason"]):
            self.problems.append(f"{name} was refused with {entry['status']}: {entry['reason']}")
        elif number in self.events:
            self._double(name, self.events[number], event)
        else:
            expected = max(self.events, default=0) + 1
            if number != expected:
                self.problems.append(f"{name} came where no. {expected} was due")
            if self.ended:
                self.problems.append(f"{name} came after the end")
            self.events[number], self.times[number] = event, entry["received_at"]
            self._follow(event)

    def take_call(self, entry: Entry) -> None:
        """One more call of the runtime that begins work."""
        if not self.visits or not self.visits[-1].open:
            self.problems.append(f"{entry['method']} was called while the run was in no state")
        else:
            self.problems += self.visits[-1].begin(entry)

    def finish(self) -> None:
        """Judge the whole; call it once, after the last entry."""
        numbers = range(1, max(self.events, default=0) + 1)
        if missing := [number for number in numbers if number not in self.events]:
            self.problems.append(f"no. {', '.join(map(str, missing))} never came")
        kinds = [self.events[number]["event_type"] for number in sorted(self.events)]
        if kinds[:1] != ["WorkflowExecutionStarted"] or kinds.count("WorkflowExecutionStarted") > 1:
            self.problems.append("it does not begin with its one WorkflowExecutionStarted")
        ends = [kind for kind in kinds if kind in TERMINAL]
        if len(ends) != 1 or kinds[-1] != ends[0]:
            self.problems.append(f"it has {len(ends)} terminal events, and ends with {kinds[-1] if kinds else 'none'}")
        if self.visits and self.visits[-1].open and ends != ["WorkflowExecutionFailed"]:
            self.problems.append(f"it never left the state {self.visits[-1].state}")

    def _double(self, name: str, first: Event, again: Event) -> None:
        self.doubles += 1
        differing = {key for key in first.keys() | again.keys() if first.get(key) != again.get(key)}
        if differing - set(_TIMES):
            self.problems.append(f"{name} came again with other content: {', '.join(sorted(differing))}")
        elif differing:
            self.retimed += 1

    def _follow(self, event: Event) -> None:
        kind = event["event_type"]
        now = self.visits[-1] if self.visits and self.visits[-1].open else None
        if kind == "WorkflowStateEntered":
            if now is not None:
                self.problems.append(f"{event['state_name']} was entered before {now.state} was left")
            self.visits.append(Visit(event["state_name"]))
        elif kind == "WorkflowStateExited":
            if now is None or now.state != event["state_name"]:
                self.problems.append(f"{event['state_name']} was left without being entered")
            else:
                self.problems += now.leave(event["output"])
        elif kind == "WorkflowIterationStarted" and now is not None:
            now.iterations += 1


@dataclass(frozen=True)
class Findings:
    """What a ledger shows; without ``problems`` nothing was lost and nothing done twice."""

    runs: dict[str, RunTold]
    problems: list[str]
    calls: Counter[str]

    @property
    def events(self) -> int:
        """Events, each counted once."""
        return sum(len(run.events) for run in self.runs.values())

    @property
    def doubles(self) -> int:
        """Events that came again."""
        return sum(run.doubles for run in self.runs.values())

    @property
    def retimed(self) -> int:
        """Doubles whose time is another one."""
        return sum(run.retimed for run in self.runs.values())

    @property
    def visits(self) -> list[Visit]:
        """Visits of all states."""
        return [visit for run in self.runs.values() for visit in run.visits]


def check(entries: Iterable[Entry], started: Collection[str]) -> Findings:
    """Read a ledger from its first entry to its last. ``started`` are the runs that were started; children come too."""
    runs = {execution_id: RunTold() for execution_id in started}
    strangers: list[str] = []
    calls: Counter[str] = Counter()
    for entry in entries:
        if entry["kind"] == "event":
            run = runs.get(entry["execution_id"])
            if run is None:
                strangers.append(f"an event of the unknown run {entry['execution_id']}")
                continue
            run.take_event(entry)
            if entry["event"].get("event_type") == "SubworkflowTriggered":
                runs.setdefault(entry["event"]["child_execution_id"], RunTold(child=True))
        elif entry["kind"] == "call":
            calls[entry["method"]] += 1
            if entry["method"] in _ONCE:
                run = runs.get(_caller(entry["request"]))
                if run is None:
                    strangers.append(f"{entry['method']} for the unknown run {_caller(entry['request'])}")
                else:
                    run.take_call(entry)
    for run in runs.values():
        run.finish()
    problems = [f"{execution_id}: {problem}" for execution_id, run in runs.items() for problem in run.problems]
    return Findings(runs, problems + strangers, calls)


def _caller(request: dict[str, Any]) -> str:
    """The run that asks. A command's message does not name it, so the definitions put it into the environment."""
    return str(request.get("workflow_execution_id") or request.get("env", {}).get("RUN_ID"))
