# SPDX-License-Identifier: Apache-2.0
"""Contract 5.6, 8.2: judges, their weights, and what they answer."""

from __future__ import annotations

from typing import Any

import pytest

from aegis_temporal_worker.interpreter.definition import State
from aegis_temporal_worker.interpreter.errors import InterpreterError
from aegis_temporal_worker.interpreter.kinds import judges
from aegis_temporal_worker.interpreter.requests import Judge, Verdict


def read(*raw: Any) -> list[Judge]:
    return judges.read(State.read("A", {"kind": "Agent", "judges": list(raw)}), "judges")


@pytest.mark.parametrize(
    ("given", "weight"), [(2.5, 2.5), (1, 1.0), (0, 1.0), (-1, 1.0), (None, 1.0), ("2", 1.0), (True, 1.0)]
)
def test_weight(given: object, weight: float) -> None:
    """8.6, 6.7: a weight that is missing or not above 0 is 1."""
    assert read({"agent_id": "critic", "weight": given}) == [Judge("critic", None, weight)]


def test_fields() -> None:
    """5.4: ``{agent_id, input_template?, weight}``; the activity resolves names (9.1 no. 3)."""
    assert read({"agent_id": "critic", "input_template": "{{output}}"}, {"agent_id": "x"}) == [
        Judge("critic", "{{output}}", 1.0),
        Judge("x", None, 1.0),
    ]


def test_none() -> None:
    assert judges.read(State.read("A", {"kind": "Agent"}), "judges") == []


@pytest.mark.parametrize("raw", [{}, {"agent_id": ""}, {"agent_id": None}, "critic"])
def test_without_an_agent_is_an_error(raw: object) -> None:
    with pytest.raises(InterpreterError, match='State "A" has a judge without an agent_id'):
        read(raw)


def test_reasons_name_the_judges() -> None:
    """8.6: the runtime's own sentence is a generic one; the judges' reasons are in ``individual_results``."""
    verdict = Verdict(
        0.5, 0.9, False, "Mixed.", [{"judge_id": "j1", "reasoning": "too long"}, {"judge_id": "j2", "reasoning": ""}]
    )
    assert judges.reasons(verdict) == "Mixed.\nj1: too long"
    assert judges.reasons(Verdict(0.5, 0.9, False, "", [])) == ""
