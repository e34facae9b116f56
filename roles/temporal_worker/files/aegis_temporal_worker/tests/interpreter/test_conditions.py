# SPDX-License-Identifier: Apache-2.0
"""Contract 6.10: every condition, with the remedies of 9.2."""

from __future__ import annotations

from typing import Any

import pytest

from aegis_temporal_worker.interpreter.conditions import CONDITIONS, choose, takes_failure
from aegis_temporal_worker.interpreter.definition import State
from aegis_temporal_worker.interpreter.errors import InterpreterError

NAMES: dict[str, Any] = {"flag": True, "off": False, "STATE": {"ready": "yes"}}
CASES: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"condition": "always"}, {}, True),
    ({"condition": "on_success"}, {"status": "completed"}, True),
    ({"condition": "on_success"}, {"status": "success"}, True),
    ({"condition": "on_success"}, {"exit_code": 0}, True),
    ({"condition": "on_success"}, {"output": {"exit_code": 0}}, True),
    ({"condition": "on_success"}, {"overall_success": True}, True),
    ({"condition": "on_success"}, {"status": "failed", "exit_code": 1}, False),
    ({"condition": "on_success"}, {}, False),
    ({"condition": "on_failure"}, {"status": "failed"}, True),
    ({"condition": "on_failure"}, {"status": "error"}, True),
    ({"condition": "on_failure"}, {"exit_code": 2}, True),
    ({"condition": "on_failure"}, {"overall_success": False}, True),
    ({"condition": "on_failure"}, {"status": "success", "exit_code": 0}, False),
    ({"condition": "on_failure"}, {"exit_code": True}, False),
    ({"condition": "exit_code_zero"}, {"exit_code": 0}, True),
    ({"condition": "exit_code_zero"}, {"exit_code": "0"}, False),
    ({"condition": "exit_code_zero"}, {}, False),
    ({"condition": "exit_code_non_zero"}, {"exit_code": 1}, True),
    ({"condition": "exit_code_non_zero"}, {}, False),
    ({"condition": "exit_code", "exit_code": 3}, {"exit_code": 3}, True),
    ({"condition": "exit_code", "value": 3}, {"output": {"exit_code": 3}}, True),
    ({"condition": "exit_code", "exit_code": 0}, {"exit_code": 0}, True),
    ({"condition": "exit_code", "exit_code": 3}, {"exit_code": 4}, False),
    ({"condition": "exit_code"}, {"exit_code": 0}, False),
    ({"condition": "score_above", "threshold": 0.5}, {"score": 0.6}, True),
    ({"condition": "score_above", "threshold": 0.5}, {"score": 0.5}, False),
    ({"condition": "score_above"}, {"final_score": 0.1}, True),
    ({"condition": "score_above", "threshold": 0.5}, {"consensus": {"score": 0.9}}, True),
    ({"condition": "score_below", "threshold": 0.5}, {"score": 0.4}, True),
    ({"condition": "score_below", "threshold": 0}, {"score": 0.4}, False),
    ({"condition": "score_below"}, {"score": 0.4}, True),
    ({"condition": "score_between", "min": 0.4, "max": 0.6}, {"score": 0.4}, True),
    ({"condition": "score_between", "min": 0.4, "max": 0.6}, {"score": 0.7}, False),
    ({"condition": "score_between", "max": 0}, {"score": 0.0}, True),
    ({"condition": "confidence_above", "threshold": 0.5}, {"confidence": 0.6}, True),
    ({"condition": "confidence_above", "threshold": 0.5}, {"consensus": {"confidence": 0.6}}, True),
    ({"condition": "confidence_above", "threshold": -1}, {}, True),
    ({"condition": "confidence_above"}, {}, False),
    ({"condition": "score_and_confidence_above", "threshold": 0.5}, {"score": 0.6, "confidence": 0.6}, True),
    ({"condition": "score_and_confidence_above", "threshold": 0.5}, {"score": 0.6, "confidence": 0.5}, False),
    ({"condition": "consensus", "threshold": 0.7}, {"consensus": {"score": 0.7}}, True),
    ({"condition": "consensus", "threshold": 0.7}, {"final_score": 0.7}, True),
    ({"condition": "consensus", "threshold": 0.7}, {"score": 0.9, "consensus": {"score": 0.6}}, False),
    ({"condition": "consensus", "min": 0.8}, {"consensus": {"score": 0.9, "confidence": 0.7}}, False),
    ({"condition": "consensus", "min": 0.8}, {"consensus": {"score": 0.9, "confidence": 0.8}}, True),
    ({"condition": "consensus", "agreement": 0.5, "min": 0.9}, {"consensus": {"score": 1, "confidence": 0.6}}, True),
    ({"condition": "all_approved"}, {"individual_scores": [0.8, 0.9]}, True),
    ({"condition": "all_approved"}, {"consensus": {"individual_scores": [0.8, 0.7]}}, False),
    ({"condition": "all_approved", "threshold": 0}, {"individual_scores": [0]}, True),
    ({"condition": "all_approved"}, {"individual_scores": []}, False),
    ({"condition": "any_rejected"}, {"individual_scores": [0.8, 0.7]}, True),
    ({"condition": "any_rejected"}, {}, False),
    ({"condition": "input_equals", "value": "Ship"}, {"response": "Ship"}, True),
    ({"condition": "input_equals", "value": "Ship"}, {"response": "ship"}, False),
    ({"condition": "input_equals"}, {}, False),
    *[({"condition": "input_equals_yes"}, {"response": word}, True) for word in ("Yes", "y", "1", "approved", "TRUE")],
    ({"condition": "input_equals_yes"}, {"response": "ok"}, False),
    *[({"condition": "input_equals_no"}, {"response": word}, True) for word in ("No", "n", "0", "reject", "false")],
    ({"condition": "input_equals_no"}, {"response": "maybe"}, False),
    ({"condition": "custom", "expression": "flag"}, {}, True),
    ({"condition": "custom", "expression": "{{ flag }}"}, {}, True),
    ({"condition": "custom", "expression": "off"}, {}, False),
    ({"condition": "custom", "expression": "STATE.ready"}, {}, True),
    ({"condition": "custom", "expression": "state_output.output.valid"}, {"output": {"valid": True}}, True),
    ({"condition": "custom", "expression": "state_output.output.valid"}, {"output": {"valid": False}}, False),
    ({"condition": "made_up"}, {}, False),
]


def state(*transitions: dict[str, Any]) -> State:
    return State.read("S", {"kind": "System", "transitions": [{"target": "T", **item} for item in transitions]})


@pytest.mark.parametrize(("transition", "output", "taken"), CASES)
def test_condition(transition: dict[str, Any], output: dict[str, Any], taken: bool) -> None:
    # A score keeps the score rule, which has its own test, out of this one.
    scored = output if taken else {"score": 0.0, **output} if "score" in transition["condition"] else output
    if not taken and transition["condition"] == "consensus":
        scored = {"score": 0.0, **output}
    assert (choose(state(transition), scored, NAMES) is not None) is taken


def test_every_condition_of_the_contract_is_there_and_tested() -> None:
    names = {
        "always on_success on_failure exit_code_zero exit_code_non_zero exit_code score_above score_below",
        "score_between confidence_above score_and_confidence_above consensus all_approved any_rejected",
        "input_equals input_equals_yes input_equals_no custom",
    }
    wanted = set(" ".join(sorted(names)).split())
    assert set(CONDITIONS) == wanted
    assert {case[0]["condition"] for case in CASES} - {"made_up"} == wanted


def test_first_match_wins() -> None:
    transitions = ({"condition": "exit_code_non_zero", "target": "A"}, {"condition": "always", "target": "B"})
    for exit_code, target in ((1, "A"), (0, "B")):
        taken = choose(state(*transitions), {"exit_code": exit_code}, NAMES)
        assert taken is not None
        assert taken.target == target


@pytest.mark.parametrize(
    "condition", ["score_above", "score_below", "score_between", "score_and_confidence_above", "consensus"]
)
def test_score_rule(condition: str) -> None:
    with pytest.raises(InterpreterError, match='State "S" carries no score for its score transitions'):
        choose(state({"condition": condition}), {"status": "success"}, NAMES)


def test_score_rule_spares_a_match_and_a_score() -> None:
    assert choose(state({"condition": "score_above"}, {"condition": "always"}), {}, NAMES) is not None
    assert choose(state({"condition": "score_above", "threshold": 0.9}), {"score": 0.1}, NAMES) is None


def test_nothing_matches() -> None:
    assert choose(state({"condition": "on_failure"}), {"status": "success"}, NAMES) is None


@pytest.mark.parametrize("expression", ["a < b", "{{#if a}}", "(default a true)", "", "a && b"])
def test_custom_that_is_no_path_is_refused(expression: str) -> None:
    with pytest.raises(InterpreterError, match="custom condition"):
        choose(state({"condition": "custom", "expression": expression}), {}, NAMES)


@pytest.mark.parametrize(
    ("condition", "takes"), [("on_failure", True), ("always", True), ("exit_code_zero", False), ("on_success", False)]
)
def test_takes_failure(condition: str, takes: bool) -> None:
    assert takes_failure(state({"condition": condition})) is takes
