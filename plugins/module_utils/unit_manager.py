# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the units of one service to the wanted state; the logic of the module ``managed_unit``."""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils import unit_health, unit_record
from ansible_collections.aegis.temporal.plugins.module_utils.unit_record import Sources
from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import (
    QUERY,
    State,
    Systemd,
    UnitError,
    run,
    started_after,
)

if t.TYPE_CHECKING:
    from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import Runner

# Lines of the journal in an error message.
JOURNAL = 30


class Wish(t.NamedTuple):
    """The options of the module; see its documentation."""

    name: str
    state: str
    instances: t.Sequence[str]
    sources: Sources
    health: t.Sequence[unit_health.Check]
    health_timeout: float
    stop_timeout: float
    pending: t.Sequence[str]
    restart_older_than: float | None = None


class Manager:
    """Works through one Wish."""

    def __init__(self, wish: Wish, check_mode: bool, runner: Runner = run, records: str = unit_record.RECORDS) -> None:
        """Prepare; ``runner`` and ``records`` are replaced in tests."""
        self.wish = wish
        self.check_mode = check_mode
        self.records = records
        self._runner = runner
        self._systemd = Systemd(runner)
        self._reasons: list[str] = []
        self._actions: list[str] = []
        self._healthy_after: dict[str, float] = {}
        self._ages: dict[str, float] = {}
        self._drop_ins: list[str] = []
        self._before: dict[str, str] = {}
        self._after: dict[str, str] = {}

    @property
    def template(self) -> bool:
        """Tell whether the unit is a template with instances."""
        return self.wish.name.endswith("@")

    def units(self) -> dict[str, str]:
        """Return the wanted units in order, with their instance (empty for a plain unit)."""
        if not self.template:
            return {self.wish.name + ".service": ""}
        return {"%s%s.service" % (self.wish.name, instance): instance for instance in self.wish.instances}

    def result(self) -> dict[str, t.Any]:
        """Return what the module returns."""
        return {
            "changed": bool(self._actions),
            "reasons": self._reasons,
            "actions": self._actions,
            "healthy_after": self._healthy_after,
            "ages": self._ages,
            "drop_ins": sorted(set(self._drop_ins)),
            "diff": {"before": _text(self._before), "after": _text(self._after)},
        }

    def converge(self) -> dict[str, t.Any]:
        """Do what is needed and return the result; raises UnitError with the words for the user."""
        if self.wish.instances and not self.template:
            raise UnitError("name is %r: with instances it must end in @" % self.wish.name)
        wanted = self.units() if self.wish.state == "started" else {}
        surplus = self._existing(wanted)
        states = self._systemd.states([*wanted, *surplus])
        self._before = {name: _line(state) for name, state in states.items()}
        self._after = dict(self._before)
        for state in states.values():
            self._drop_ins += state.drop_ins
        plans = {name: self._plan(states[name], instance) for name, instance in wanted.items()}
        if any(self._is_stale(state) for state in states.values()):
            self._do("daemon-reload", [], QUERY, "systemd has not read the unit file that is on disk")
            self._before["systemd"], self._after["systemd"] = "older definition", "definition as on disk"
        waiting = list(wanted)
        for name, instance in wanted.items():
            waiting.remove(name)
            self._start(states[name], instance, plans[name], waiting)
        if not self.check_mode:
            self._ages = {name: round(state.age, 1) for name, state in self._systemd.states([*wanted]).items()}
        for name in surplus:
            self._remove(states[name])
        if self.wish.state == "absent":
            self._remove_unit_file()
        return self.result()

    def _is_stale(self, state: State) -> bool:
        return state.need_reload or (state.load == "not-found" and os.path.exists(self.wish.sources.unit_file))

    def _existing(self, wanted: t.Mapping[str, str]) -> list[str]:
        """Return the units that are there but not wanted."""
        candidates = self._systemd.instances(self.wish.name) if self.template else list(self.units())
        return [name for name in candidates if name not in wanted]

    def _plan(self, state: State, instance: str) -> tuple[str, list[str]]:
        """Return the verb for a wanted unit (start, restart or none) and the reasons."""
        if state.load == "masked":
            raise UnitError("%s is masked: `systemctl unmask %s`, then run again" % (state.name, state.name))
        facts, missing = unit_record.on_disk(self.wish.sources, instance)
        if missing and not self.check_mode:
            raise UnitError(
                "%s was left as it is, because %s does not exist" % (state.name, " and ".join(sorted(missing)))
            )
        pending = list(self.wish.pending) if self.check_mode else []
        if not state.running:
            return "start", ["it is %s" % (state.active or "unknown"), *pending]
        reasons = [*self._differences(state, facts), *pending, *self._too_old(state)]
        return ("restart", reasons) if reasons else ("", [])

    def _too_old(self, state: State) -> list[str]:
        limit = self.wish.restart_older_than
        return ["a restart was asked for"] if limit is not None and state.age > limit else []

    def _differences(self, state: State, facts: unit_record.Facts) -> list[str]:
        invocation, recorded = unit_record.read_record(state.name, self.records)
        if invocation != state.invocation:
            # It may have been restarted between the two looks.
            state = self._systemd.states([state.name])[state.name]
            invocation, recorded = unit_record.read_record(state.name, self.records)
        if invocation != state.invocation:
            return ["there is no record of what it was started with"]
        found = unit_record.differences(recorded, facts, self.wish.sources.unit_file)
        if not found and state.need_reload and started_after(state, self.wish.sources.unit_file):
            return ["it was started by systemd with an older definition than the unit file"]
        return found

    def _do(self, verb: str, units: t.Sequence[str], timeout: float, *reasons: str) -> None:
        self._actions.append(" ".join([verb, *units]))
        self._reasons += ["%s: %s" % (" ".join(units) or self.wish.name, reason) for reason in reasons]
        if not self.check_mode:
            self._systemd.do(verb, units, timeout)

    def _start(self, state: State, instance: str, plan: tuple[str, list[str]], waiting: t.Sequence[str]) -> None:
        verb, reasons = plan
        began, moment = time.monotonic(), time.time()
        try:
            if not state.enabled:
                self._do("enable", [state.name], QUERY, "it is not enabled")
            if verb:
                timeout = self.wish.stop_timeout + self.wish.health_timeout
                self._do(verb, [state.name], timeout, *reasons)
            if not self.check_mode:
                unit_health.wait(
                    self.wish.health,
                    instance,
                    bool(verb),
                    time.monotonic() + self.wish.health_timeout,
                    lambda: self._systemd.states([state.name])[state.name],
                    self._runner,
                )
                self._healthy_after[state.name] = round(time.monotonic() - began, 1)
        except UnitError as error:
            raise UnitError(self._failure(state, verb, reasons, error, moment, waiting)) from error
        self._after[state.name] = "active, enabled" + (", as on disk" if verb else "")
        if verb:
            self._before[state.name] += "".join("\n    %s" % reason for reason in reasons)

    def _failure(
        self,
        state: State,
        verb: str,
        reasons: t.Sequence[str],
        error: UnitError,
        moment: float,
        waiting: t.Sequence[str],
    ) -> str:
        now = self._systemd.states([state.name])[state.name]
        did = {"start": "was started", "restart": "was restarted"}.get(verb, "runs with what is on disk")
        lines = ["%s %s, but is not healthy: %s." % (state.name, did, str(error).rstrip("."))]
        if reasons:
            lines.append("Why it was touched: %s." % "; ".join(reasons))
        lines.append("It is now %s." % now.words())
        if verb:
            lines.append(
                "The new configuration is on disk and systemd keeps trying it. Correct what the lines below complain "
                "about, or give the variables their former values, and run the play again: it restarts exactly what "
                "is not running with what is on disk. Nothing needs to be undone by hand."
            )
        else:
            lines.append(
                "Nothing was changed in this run, and it was not restarted. Look at what it depends on and at the "
                "lines below; `systemctl restart %s` is the first aid for a process that hangs." % state.name
            )
        if waiting:
            lines.append("Not touched, and as they were: %s." % ", ".join(waiting))
        since = moment - (0 if verb else 600)
        lines.append("The last lines of its journal:")
        return "\n".join([*lines, self._systemd.journal(state.name, JOURNAL, since)])

    def _remove(self, state: State) -> None:
        """Stop and disable a unit that is not wanted."""
        why = "it is no longer wanted"
        if state.running or state.active == "deactivating":
            self._do("stop", [state.name], self.wish.stop_timeout, why)
        if state.enabled:
            self._do("disable", [state.name], QUERY, why)
        if state.active == "failed":
            self._do("reset-failed", [state.name], QUERY, why)
        if not self.check_mode:
            unit_record.forget(state.name, self.records)
        self._after[state.name] = "inactive, not enabled"

    def _remove_unit_file(self) -> None:
        path = self.wish.sources.unit_file
        if not os.path.lexists(path):
            return
        self._actions.append("remove " + path)
        self._reasons.append("%s: it is no longer wanted" % self.wish.name)
        self._before["file"], self._after["file"] = path, "none"
        if not self.check_mode:
            os.unlink(path)
            self._systemd.do("daemon-reload", [], QUERY)


def _line(state: State) -> str:
    return "%s, %s" % (state.active or "unknown", "enabled" if state.enabled else "not enabled")


def _text(lines: t.Mapping[str, str]) -> str:
    return "".join("%s: %s\n" % (name, line) for name, line in sorted(lines.items()))
