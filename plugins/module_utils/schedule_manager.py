# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings one schedule to its wanted state, and sees to it that the server has really taken what was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.aegis.temporal.plugins.module_utils import schedules
from ansible_collections.aegis.temporal.plugins.module_utils.connection import read_connection
from ansible_collections.aegis.temporal.plugins.module_utils.first_look import first_look
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.polling import poll_until
from ansible_collections.aegis.temporal.plugins.module_utils.schedule_api import Live, Schedules, explained
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp, TemporalProblem

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

PAUSE = 0.2
"""Seconds between two looks at what was written."""


class ScheduleManager:
    """Works for one run of the module. C(backfill) has checked periods, with times in the normal form."""

    def __init__(self, module: AnsibleModule, backfill: Sequence[Mapping[str, Any]]) -> None:
        self.module = module
        self.backfill = backfill
        self.api = Schedules(TemporalHttp(read_connection(module.params).http), module.params["namespace"])

    def bring(self, wanted: schedules.Wanted) -> dict[str, Any]:
        """Create or update it where needed, and return the result. Raises Problem."""
        live = self._describe(wanted.schedule_id)
        after = schedules.expected(wanted, live.shown if live else None)
        action = "none"
        if live is None:
            action = "created"
            if not self.module.check_mode:
                after = self._create(wanted, after)
        elif not schedules.same(live.shown, after):
            action = "updated"
            if not self.module.check_mode:
                after = self._update(wanted, live, after)
        return self._result(wanted.schedule_id, action, live.shown if live else None, after)

    def remove(self, schedule_id: str) -> dict[str, Any]:
        """Delete it if it is there, and return the result."""
        live = self._describe(schedule_id)
        if live is None:
            return self._result(schedule_id, "none", None, None)
        if not self.module.check_mode:
            self.api.delete(schedule_id)
        return self._result(schedule_id, "deleted", live.shown, None)

    def act(self, result: dict[str, Any]) -> dict[str, Any]:
        """Send trigger and backfill, if asked for. What was done before stays in the result when that fails."""
        params = self.module.params
        if params["trigger"] is None and not self.backfill:
            return result
        if not self.module.check_mode:
            try:
                self.api.act(params["schedule_id"], params["trigger"], self.backfill)
            except Problem as problem:
                problem.result.update(result)
                raise
        return {**result, "changed": True, "acted": True}

    def _describe(self, schedule_id: str) -> Live | None:
        api = self.api
        return first_look(self.module, api.client, api.namespace, "the schedule", lambda: api.describe(schedule_id))

    def _create(self, wanted: schedules.Wanted, after: dict[str, Any]) -> dict[str, Any]:
        try:
            self.api.create(wanted.schedule_id, schedules.request(wanted, after, {}))
        except TemporalProblem as problem:
            # 409: another run was faster, or our own first attempt did arrive. What is there then decides.
            if problem.status != 409:
                raise explained(problem) from None
            live = self.api.describe(wanted.schedule_id)
            if live is None:
                raise
            after = schedules.expected(wanted, live.shown)
            return live.shown if schedules.same(live.shown, after) else self._update(wanted, live, after)
        return self._shown(wanted.schedule_id, lambda live: live)

    def _update(self, wanted: schedules.Wanted, live: Live, after: dict[str, Any]) -> dict[str, Any]:
        try:
            self.api.update(live, schedules.request(wanted, after, live.schedule))
        except TemporalProblem as problem:
            # Refused because of the token: by somebody else's change, or by our own first attempt that did arrive.
            if "conflict token" not in str(problem):
                raise explained(problem) from None
        # Each change makes a new token, ours or the one that made the server drop ours.
        shown = self._shown(wanted.schedule_id, lambda seen: seen if seen.token != live.token else None)
        if not schedules.same(shown, schedules.expected(wanted, shown)):
            raise Problem(
                f"Schedule {wanted.schedule_id} is not as it was asked for after the update: somebody else changed it "
                "at the same moment, and the server kept that. Run again."
            )
        return shown

    def _shown(self, schedule_id: str, accept: Callable[[Live], Live | None]) -> dict[str, Any]:
        """What the server shows, as soon as C(accept) takes it: a worker of its own carries out what was asked."""
        once = Schedules(self.api.client.once(), self.api.namespace)
        trouble: Problem | None = None

        def look(_left: float) -> Live | None:
            nonlocal trouble
            try:
                live = once.describe(schedule_id)
            except Problem as problem:
                if not problem.temporary:
                    raise
                trouble = problem
                return None
            return accept(live) if live else None

        limit = self.module.params["wait_timeout"]
        live = poll_until(look, limit, PAUSE)
        if live is None:
            raise Problem(
                f"Schedule {schedule_id} was written, but does not show it after {limit:g} seconds (wait_timeout). "
                f"{trouble or 'Does the server run its worker service?'}",
                changed=True,
            )
        return live.shown

    @staticmethod
    def _result(
        schedule_id: str, action: str, before: dict[str, Any] | None, after: dict[str, Any] | None
    ) -> dict[str, Any]:
        header = f"schedule {schedule_id}"
        return {
            "changed": action != "none",
            "action": action,
            "schedule": after or {},
            "acted": False,
            "diff": {"before_header": header, "after_header": header, "before": before or "", "after": after or ""},
        }
