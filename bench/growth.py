# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the bytes of a history grow with the number of states, when each has an output and uses an earlier one."""

from __future__ import annotations

import math
from collections.abc import Mapping

from temporalio.client import Client

from . import definitions
from .load import interpreted
from .options import Options
from .report import Finding, Result
from .rig import rig

MOST_EXPONENT = 1.1
_SIZES = (5, 20, 80)
_OUTPUT_BYTES = 500


async def run(options: Options) -> Result:
    """One run of each size; the figures are no times, so that one is enough."""
    sizes: dict[int, int] = {}
    with rig(options.sources) as made:
        client = await Client.connect(made.temporal.address, namespace=made.temporal.namespace)
        worker = made.start_worker()
        for states in _SIZES:
            row = definitions.linear(
                states,
                command=f"printf '%0{_OUTPUT_BYTES}d' \"$NUMBER\"",
                env={"NUMBER": "{{S1.output.exit_code}}", "MESSAGE": "{{workflow.context.message}}"},
            )
            # The most that the contract allows; the default of 50 ends a row of 80.
            row |= {"context": {"message": "m" * 100}, "max_total_transitions": 100}
            worker.register(row)
            workflow_id = await interpreted(row, worker.task_queue).run_one(client)
            history = await client.get_workflow_handle(workflow_id).fetch_history()
            sizes[states] = sum(event.ByteSize() for event in history.events)
    exponent = fitted_exponent(sizes)
    return Result(
        "growth",
        [
            Finding(
                f"history bytes as N grows ({', '.join(map(str, _SIZES))} states): fitted exponent",
                f"≤ {MOST_EXPONENT}",
                f"{exponent:.3f}",
                exponent <= MOST_EXPONENT,
            )
        ],
        [f"{states:3d} states: {size:8d} bytes, {size / states:7.0f} a state" for states, size in sizes.items()],
        {"history_bytes": sizes},
    )


def fitted_exponent(sizes: Mapping[int, int]) -> float:
    """The slope of the least-squares line through log(size) over log(number)."""
    points = [(math.log(number), math.log(size)) for number, size in sizes.items()]
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    above = sum((x - middle_x) * (y - middle_y) for x, y in points)
    return above / sum((x - middle_x) ** 2 for x, _ in points)
