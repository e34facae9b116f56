# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module diagnose_host: it compares the host's clock with the control node's, which no module can."""

from __future__ import annotations

import time
import typing as t

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Runs the module and adds the clock."""

    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> dict[str, t.Any]:
        """Return the module's result; ``host.clock`` has ``offset`` and ``uncertainty`` in seconds."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        # The first question pays for the connection, so the second one is counted.
        self._low_level_execute_command("date +%s.%N")
        before = time.time()
        said = self._low_level_execute_command("date +%s.%N")
        after = time.time()
        result.update(self._execute_module(module_name="aegis.temporal.diagnose_host", task_vars=task_vars))
        if "host" in result:
            result["host"]["clock"] = _clock(str(said.get("stdout", "")), before, after)
        return result


def _clock(said: str, before: float, after: float) -> dict[str, float] | None:
    try:
        there = float(said.split()[-1])
    except (IndexError, ValueError):
        return None
    return {"offset": round(there - (before + after) / 2, 3), "uncertainty": round((after - before) / 2, 3)}
