# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What five System states cost in Temporal: events and workflow tasks, counted in a real run's history."""

from __future__ import annotations

from collections import Counter

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from . import definitions
from .load import interpreted
from .options import Options
from .report import Finding, Result
from .rig import rig

MOST_EVENTS = 37
MOST_TASKS = 7
_STATES = 5


async def run(options: Options) -> Result:
    """One run; the figures are no times, so that one is enough."""
    with rig(options.sources) as made:
        client = await Client.connect(made.temporal.address, namespace=made.temporal.namespace)
        worker = made.start_worker()
        five = definitions.linear(_STATES)
        worker.register(five)
        workflow_id = await interpreted(five, worker.task_queue).run_one(client)
        history = await client.get_workflow_handle(workflow_id).fetch_history()
    kinds = Counter(EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in history.events)
    events, tasks = len(history.events), kinds["WORKFLOW_TASK_COMPLETED"]
    return Result(
        "history",
        [
            Finding("events of five System states", f"≤ {MOST_EVENTS}", str(events), events <= MOST_EVENTS),
            Finding("workflow tasks of five System states", f"≤ {MOST_TASKS}", str(tasks), tasks <= MOST_TASKS),
        ],
        [f"{count:3d}  {kind}" for kind, count in sorted(kinds.items())],
        {"events": dict(kinds)},
    )
