# SPDX-License-Identifier: Apache-2.0
"""Contract 4.4; contract 1.2, D2.2: the arguments of the signal ``humanInput``."""

from __future__ import annotations

from typing import Any

import pytest

from aegis_temporal_worker.interpreter.answers import Answer, Answers


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ([], Answer("")),
        ([None], Answer("")),
        (["yes"], Answer("yes")),
        (["yes", "fine"], Answer("yes", "fine")),
        (["yes", None, "me"], Answer("yes", None, "me")),
        (["yes", "", "me", "more"], Answer("yes", "", "me")),
        ([True, 1.0, {"a": [1]}], Answer("true", "1", '{"a":[1]}')),
    ],
)
def test_one_to_three_arguments(arguments: list[Any], answer: Answer) -> None:
    answers = Answers()
    answers.put(arguments)
    assert answers.take() == answer


def test_first_in_first_out() -> None:
    answers = Answers()
    assert not answers
    answers.put(["a"])
    answers.put(["b"])
    assert (bool(answers), len(answers)) == (True, 2)
    assert [answers.take().response, answers.take().response] == ["a", "b"]
    with pytest.raises(IndexError):
        answers.take()


def test_a_value_that_is_too_deep_is_told_not_raised() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    answers = Answers()
    answers.put([deep])
    assert answers.take().response == "(a value nested deeper than 128 levels)"


def test_a_snapshot_keeps_order_and_fields() -> None:
    answers = Answers()
    answers.put(["a", "f", "me"])
    answers.put(["b"])
    kept = Answers(Answer(**item) for item in answers.snapshot())
    assert [kept.take(), kept.take()] == [Answer("a", "f", "me"), Answer("b")]
