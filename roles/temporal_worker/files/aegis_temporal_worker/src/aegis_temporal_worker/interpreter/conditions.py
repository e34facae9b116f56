# SPDX-License-Identifier: Apache-2.0
"""Which transition a state's output takes (contract 6.10): the first match in the order of the array."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .definition import State, Transition, as_list
from .errors import InterpreterError
from .templates import Overlay, TemplateError, compile_expression, resolve
from .values import as_number

_SUCCESS: Final = ("completed", "success")
_FAILURE: Final = ("failed", "error")
_YES: Final = ("yes", "y", "1", "approve", "approved", "true")
_NO: Final = ("no", "n", "0", "reject", "rejected", "false")
_SCORE_RULES: Final = ("score_above", "score_below", "score_between", "score_and_confidence_above", "consensus")
# Threshold of all_approved and any_rejected when the rule has none.
_APPROVED: Final = 0.8


@dataclass(frozen=True, slots=True)
class Facts:
    """What the conditions look at in one state's output."""

    output: object
    names: Mapping[str, Any]

    def _at(self, *path: str) -> object:
        return resolve(self.output, path)

    @property
    def status(self) -> object:
        """The output's ``status``."""
        return self._at("status")

    @property
    def exit_code(self) -> float | None:
        """``exit_code``, else ``output.exit_code``, if a number."""
        own = as_number(self._at("exit_code"))
        return own if own is not None else as_number(self._at("output", "exit_code"))

    @property
    def score(self) -> float | None:
        """The first number among ``score``, ``final_score`` and ``consensus.score``."""
        return _first_number(self._at("score"), self._at("final_score"), self._at("consensus", "score"))

    @property
    def consensus_score(self) -> float | None:
        """``consensus.score``, else ``final_score``."""
        return _first_number(self._at("consensus", "score"), self._at("final_score"))

    @property
    def confidence(self) -> float | None:
        """``confidence``, else ``consensus.confidence``."""
        return _first_number(self._at("confidence"), self._at("consensus", "confidence"))

    @property
    def individual_scores(self) -> list[float]:
        """``individual_scores``, else ``consensus.individual_scores``: the numbers among them."""
        listed = as_list(self._at("individual_scores")) or as_list(self._at("consensus", "individual_scores"))
        return [number for item in listed if (number := as_number(item)) is not None]

    @property
    def overall_success(self) -> object:
        """The output's ``overall_success``."""
        return self._at("overall_success")

    @property
    def response(self) -> object:
        """The output's ``response``: the word that a person answered."""
        return self._at("response")


def _first_number(*values: object) -> float | None:
    return next((number for value in values if (number := as_number(value)) is not None), None)


def _rule_number(transition: Transition, *names: str, default: float) -> float:
    # Presence counts, not truth: a threshold of 0 is a threshold.
    found = _first_number(*(transition.rule.get(name) for name in names))
    return default if found is None else found


def _above(value: float | None, limit: float) -> bool:
    return value is not None and value > limit


def _on_success(facts: Facts, _rule: Transition) -> bool:
    return facts.status in _SUCCESS or facts.exit_code == 0 or facts.overall_success is True


def _on_failure(facts: Facts, _rule: Transition) -> bool:
    return facts.status in _FAILURE or _exit_code_non_zero(facts, _rule) or facts.overall_success is False


def _exit_code_non_zero(facts: Facts, _rule: Transition) -> bool:
    return facts.exit_code is not None and facts.exit_code != 0


def _exit_code(facts: Facts, transition: Transition) -> bool:
    wanted = _first_number(transition.rule.get("exit_code"), transition.rule.get("value"))
    return wanted is not None and facts.exit_code == wanted


def _score_above(facts: Facts, transition: Transition) -> bool:
    return _above(facts.score, _rule_number(transition, "threshold", default=0))


def _score_below(facts: Facts, transition: Transition) -> bool:
    return facts.score is not None and facts.score < _rule_number(transition, "threshold", default=1)


def _score_between(facts: Facts, transition: Transition) -> bool:
    least, most = _rule_number(transition, "min", default=0), _rule_number(transition, "max", default=1)
    return facts.score is not None and least <= facts.score <= most


def _confidence_above(facts: Facts, transition: Transition) -> bool:
    return _above(facts.confidence or 0, _rule_number(transition, "threshold", default=0))


def _score_and_confidence_above(facts: Facts, transition: Transition) -> bool:
    threshold = _rule_number(transition, "threshold", default=0)
    return _above(facts.score, threshold) and _above(facts.confidence, threshold)


def _consensus(facts: Facts, transition: Transition) -> bool:
    # The orchestrator's mapper has no field for the agreement and sends it as `min`.
    agreement = _rule_number(transition, "agreement", "min", default=0)
    score = facts.consensus_score
    return (
        score is not None
        and score >= _rule_number(transition, "threshold", default=0)
        and (facts.confidence or 0) >= agreement
    )


def _all_approved(facts: Facts, transition: Transition) -> bool:
    threshold = _rule_number(transition, "threshold", default=_APPROVED)
    return bool(facts.individual_scores) and all(score >= threshold for score in facts.individual_scores)


def _any_rejected(facts: Facts, transition: Transition) -> bool:
    threshold = _rule_number(transition, "threshold", default=_APPROVED)
    return any(score < threshold for score in facts.individual_scores)


def _input_equals(facts: Facts, transition: Transition) -> bool:
    value = transition.rule.get("value")
    return isinstance(value, str) and facts.response == value


def _answered(words: tuple[str, ...]) -> Callable[[Facts, Transition], bool]:
    def matches(facts: Facts, _rule: Transition) -> bool:
        return isinstance(facts.response, str) and facts.response.strip().lower() in words

    return matches


def _custom(facts: Facts, transition: Transition) -> bool:
    """Whether the expression is true as in ``{{#if}}``; one that cannot be read or evaluated never is."""
    expression = transition.rule.get("expression")
    if not isinstance(expression, str):
        return False
    try:
        return compile_expression(expression).holds(Overlay({"state_output": facts.output}, facts.names))
    except TemplateError:
        return False


CONDITIONS: Final[Mapping[str, Callable[[Facts, Transition], bool]]] = {
    "always": lambda _facts, _transition: True,
    "on_success": _on_success,
    "on_failure": _on_failure,
    "exit_code_zero": lambda facts, _transition: facts.exit_code == 0,
    "exit_code_non_zero": _exit_code_non_zero,
    "exit_code": _exit_code,
    "score_above": _score_above,
    "score_below": _score_below,
    "score_between": _score_between,
    "confidence_above": _confidence_above,
    "score_and_confidence_above": _score_and_confidence_above,
    "consensus": _consensus,
    "all_approved": _all_approved,
    "any_rejected": _any_rejected,
    "input_equals": _input_equals,
    "input_equals_yes": _answered(_YES),
    "input_equals_no": _answered(_NO),
    "custom": _custom,
}


def choose(state: State, output: object, names: Mapping[str, Any]) -> Transition | None:
    """The first transition whose condition holds, or None.

    An unknown condition never holds. Raises ``InterpreterError`` when nothing matched, the output has no score and a
    condition about scores was declared.
    """
    facts = Facts(output, names)
    for transition in state.transitions:
        condition = CONDITIONS.get(transition.condition)
        if condition is not None and condition(facts, transition):
            return transition
    declared = [transition.condition for transition in state.transitions]
    if facts.score is None and any(condition in _SCORE_RULES for condition in declared):
        raise InterpreterError(f'State "{state.name}" carries no score for its score transitions')
    return None


def takes_failure(state: State, output: object, names: Mapping[str, Any]) -> bool:
    """Whether some transition takes this output of a state that failed.

    When nothing matches a run is complete, which a failure must not come to unseen: such a state fails the run.
    """
    facts = Facts(output, names)
    conditions = ((CONDITIONS.get(transition.condition), transition) for transition in state.transitions)
    return any(condition is not None and condition(facts, transition) for condition, transition in conditions)
