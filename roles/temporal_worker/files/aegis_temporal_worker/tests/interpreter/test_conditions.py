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
    """Contract 5.5, 6.10, 9.1 no. 9, 9.2 no. 28: fields by condition; presence counts, not truth."""
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
    """Contract 6.10; contract 1.2, D3.3: order decides."""
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


# Contract 6.10, "REQ extras", and the forms of contract 1.2, D3.3.
EXPRESSIONS: list[tuple[str, bool]] = [
    ("flag", True),
    ("{{flag}}", True),
    ("{{{ flag }}}", True),
    ("  flag  ", True),
    ("missing", False),
    ("text_false", True),
    ("empty_list", False),
    ("empty_object", True),
    ("state_output.output.valid", True),
    ("{{state_output.output.valid}}", True),
    ("state_output.output.score > 0.5", True),
    ("blackboard.flag", True),
    ("@root.flag", True),
    ("this.flag", True),
    ("./flag", True),
    ("STATE/ready", True),
    ("STATE.[ready]", True),
    ("unit-tests.passed", True),
    ("list.0 == 'a'", True),
    ("(default input.flag true)", True),
    ("{{default input.flag true}}", True),
    ("default input.flag true", True),
    ("(default input.off true)", False),
    ("(default (lookup input 'flag') true)", True),
    ("(length list)", True),
    ("(length empty_list)", False),
    ("length list == 2", True),
    ("(length list) >= 2", True),
    ("(lookup list 0) == 'a'", True),
    ("(upper STATE.ready) == 'YES'", True),
    ("(flag)", True),
    ("count < 3", True),
    ("count <= 2", True),
    ("count > 2", False),
    ("count >= 2", True),
    ("count == 2", True),
    ("count === 2", True),
    ("count != 2", False),
    ("count !== 2", False),
    ("{{count}} < 3", True),
    ("{{ count < 3 }}", True),
    ("{{count}} < {{limit}}", True),
    ("count < limit", True),
    # Both sides look numeric: 10 is more than 9, though "10" is before "9".
    ("text_ten > text_nine", True),
    ("text_ten == 10.0", True),
    ("text_ten == '1e1'", True),
    ("text_ten > 'nine'", False),
    # Beside a boolean or number, text is taken by value (9.2 no. 34).
    ("text_false == false", True),
    ("text_false != false", False),
    ("false == text_false", True),
    ("text_true == flag", True),
    ("text_ten == count", False),
    ("text_false == 'false'", True),
    ("STATE.ready == 'yes'", True),
    ('STATE.ready == "yes"', True),
    ("STATE.ready != 'no'", True),
    ("missing == null", True),
    ("missing == undefined", True),
    ("nothing == null", True),
    ("flag != null", True),
    ("missing < 3", False),
    ("missing >= 0", False),
    ("list == list", True),
    ("list == other_list", False),
    ("'a' < 'b'", True),
    ("true > false", True),
    ("flag && off", False),
    ("flag || off", True),
    ("!off", True),
    ("!flag", False),
    ("!!flag", True),
    ("!(flag && off)", True),
    ("off || flag && flag", True),
    ("(off || flag) && off", False),
    ("count > 1 && count < 3 && STATE.ready == 'yes'", True),
    ("count + 1 == 3", True),
    ("count * 2 - 1 == 3", True),
    ("count / 2 == 1", True),
    ("count % 2 == 0", True),
    ("(count + 1) * 2 == 6", True),
    ("missing + 1 == 1", True),
    ("-1 < 0", True),
]
EXPRESSION_NAMES: dict[str, Any] = {
    **NAMES,
    "text_false": "false",
    "text_true": "true",
    "text_ten": "10",
    "text_nine": "9",
    "count": 2,
    "limit": "10",
    "nothing": None,
    "list": ["a", "b"],
    "other_list": ["a", "b"],
    "empty_list": [],
    "empty_object": {},
    "unit-tests": {"passed": True},
    "input": {"off": False},
    "blackboard": {"flag": True},
}


@pytest.mark.parametrize(("expression", "holds"), EXPRESSIONS)
def test_custom_expressions(expression: str, holds: bool) -> None:
    """Contract 6.10, 9.2 no. 25, 34; contract 1.2, D3.3: every form that manifests use."""
    output = {"output": {"valid": True, "score": 0.75}}
    taken = choose(state({"condition": "custom", "expression": expression}), output, EXPRESSION_NAMES)
    assert (taken is not None) is holds


def test_custom_sees_the_state_output_before_the_blackboard() -> None:
    names = {"state_output": {"valid": False}}
    rule = {"condition": "custom", "expression": "state_output.valid"}
    assert choose(state(rule), {"valid": True}, names) is not None
    assert choose(state(rule), {"valid": False}, {"state_output": {"valid": True}}) is None


@pytest.mark.parametrize(
    "expression",
    [
        *["", "   ", "{{", "{{}}", "()", "a <", "< a", "a b", "nonsense a", "{{#if a}}", "{{flag", "flag}}", "a = b"],
        *["flag flag", "(flag", "flag)", "a ? b : c", "a.b.", "flag &", "flag | flag", "'open", "[flag", "a\0b"],
        # It can be read, but not evaluated: upper works on text, and so does arithmetic on numbers.
        *["(upper count) == 2", "STATE.ready + 1 == 1", "1 / 0 == 1", "lookup list"],
    ],
)
def test_a_custom_expression_that_is_none_never_matches(expression: str) -> None:
    transitions = ({"condition": "custom", "expression": expression}, {"condition": "always", "target": "ELSE"})
    taken = choose(state(*transitions), {}, EXPRESSION_NAMES)
    assert taken is not None
    assert taken.target == "ELSE"


@pytest.mark.parametrize("expression", [None, 3, ["flag"], {"flag": True}])
def test_a_custom_expression_that_is_no_text_never_matches(expression: Any) -> None:
    assert choose(state({"condition": "custom", "expression": expression}), {}, EXPRESSION_NAMES) is None


FAILED: dict[str, Any] = {"status": "failed", "error": "boom"}
NOT_RUN: dict[str, Any] = {**FAILED, "exit_code": 125}


@pytest.mark.parametrize(
    ("rule", "output", "takes"),
    [
        ({"condition": "on_failure"}, FAILED, True),
        ({"condition": "always"}, FAILED, True),
        ({"condition": "always", "target": None}, FAILED, True),
        ({"condition": "custom", "expression": "flag"}, FAILED, True),
        ({"condition": "custom", "expression": "off"}, FAILED, False),
        ({"condition": "custom", "expression": "state_output.error == 'boom'"}, FAILED, True),
        ({"condition": "exit_code_non_zero"}, NOT_RUN, True),
        ({"condition": "exit_code", "exit_code": 125}, NOT_RUN, True),
        ({"condition": "exit_code", "exit_code": 3}, NOT_RUN, False),
        # What has no exit code is not taken by it.
        ({"condition": "exit_code_non_zero"}, FAILED, False),
        ({"condition": "exit_code_zero"}, FAILED, False),
        ({"condition": "on_success"}, FAILED, False),
        ({"condition": "score_below"}, FAILED, False),
        ({"condition": "made_up"}, FAILED, False),
    ],
)
def test_takes_failure(rule: dict[str, Any], output: dict[str, Any], takes: bool) -> None:
    """Contract 9.1 no. 6, 7: what could not be done is routed only when a transition takes it."""
    assert takes_failure(state({"condition": "on_success"}, rule), output, NAMES) is takes
