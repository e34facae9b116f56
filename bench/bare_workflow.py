# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bare Temporal worker does in place of ours: five activities that do nothing, one after the other.

Only the SDK is imported: its sandbox imports this module again for every run.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow

ACTIVITIES = 5


@activity.defn
async def nothing() -> None:
    """Do nothing."""


@workflow.defn(name="bare")
class Bare:
    """Call it five times."""

    @workflow.run
    async def run(self) -> int:
        """Return how often it was called."""
        for _ in range(ACTIVITIES):
            await workflow.execute_activity(nothing, start_to_close_timeout=timedelta(seconds=30))
        return ACTIVITIES
