# SPDX-License-Identifier: Apache-2.0
"""Events in the input of an activity: each fact once, and whole again when they are sent."""

from __future__ import annotations

from typing import Any

from aegis_temporal_worker.activities.messages import RunReference
from aegis_temporal_worker.activities.riding import pack, unpack
from aegis_temporal_worker.interpreter.events import Batch, EventLog

RUN = RunReference("e", "w", "t")


def log() -> EventLog:
    return EventLog("e", "w", lambda: "2026-01-01T00:00:00.000Z")


def test_an_output_stands_among_the_changed_keys_only() -> None:
    events, output = log(), {"status": "success", "stdout": "x"}
    events.add("WorkflowStateEntered", state_name="A")
    events.add("WorkflowStateExited", state_name="A", output=output)
    batch = Batch(events.take(), {"A": output})
    packed = pack(batch)
    assert packed.changed == {"A": output}
    assert packed.events == [
        {
            "event_type": "WorkflowStateEntered",
            "temporal_sequence_number": 1,
            "timestamp": "2026-01-01T00:00:00.000Z",
            "state_name": "A",
        },
        {
            "event_type": "WorkflowStateExited",
            "temporal_sequence_number": 2,
            "timestamp": "2026-01-01T00:00:00.000Z",
            "state_name": "A",
        },
    ]
    assert unpack(RUN, packed) == batch.events


def test_an_earlier_output_of_a_state_that_was_left_twice_stays_in_its_event() -> None:
    events: EventLog = log()
    first: dict[str, Any] = {"n": 1}
    second: dict[str, Any] = {"n": 2}
    events.add("WorkflowStateExited", state_name="A", output=first)
    events.add("WorkflowStateExited", state_name="A", output=second)
    batch = Batch(events.take(), {"A": second})
    packed = pack(batch)
    assert [event.get("output") for event in packed.events] == [first, None]
    assert unpack(RUN, packed) == batch.events


def test_an_output_that_was_too_large_for_its_event_is_not_put_back() -> None:
    events, output = log(), {"stdout": "x" * 2_000_000}
    events.add("WorkflowStateExited", state_name="A", output=output)
    batch = Batch(events.take(), {"A": output})
    assert unpack(RUN, pack(batch))[0]["output"]["truncated"] is True
