# SPDX-License-Identifier: Apache-2.0
"""Contract 8.3: the id in the first event of an agent's stream is a placeholder, and a stream may stay silent."""

from __future__ import annotations

from ..activities.agents_support import RUN_ID, STATUS, iteration, scene, started, then_silent

COMPLETED = {"status": "Completed", "final_output": "from the status", "error": None}


async def test_contract_9_1_18_a_placeholder_and_a_silent_stream() -> None:
    """The placeholder is asked for nowhere and told to nobody; the run's own id is."""
    placeholder = started().execution_started.execution_id
    assert placeholder != RUN_ID
    async with scene(aegis_execution_fallback_idle_ms=50, aegis_execution_fallback_poll_ms=10) as here:
        here.runtime.on_agent = [then_silent(started(), iteration())]
        here.rest.run({"status": "Running"}, COMPLETED)
        result = await here.execute()
    assert (result.output, result.execution_id) == ("from the status", RUN_ID)
    assert here.rest.count(STATUS) == 2
    assert placeholder not in str((here.rest.asked, here.beats))
