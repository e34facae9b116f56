# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wait loop, by a clock that only moves when it is told to."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.polling import poll_until


class Clock:
    """Time passes only while the loop sleeps, or as long as an attempt says it took."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def test_first_success_needs_no_pause() -> None:
    clock = Clock()
    assert poll_until(lambda left: "yes", 10, 1, clock, clock.sleep) == "yes"
    assert clock.slept == []


def test_false_values_are_results_too() -> None:
    clock = Clock()
    assert poll_until(lambda left: 0, 10, 1, clock, clock.sleep) == 0


def test_attempts_learn_what_is_left_and_the_last_is_at_the_deadline() -> None:
    clock, seen = Clock(), []

    def attempt(left: float) -> None:
        seen.append(left)

    assert poll_until(attempt, 2.5, 1, clock, clock.sleep) is None
    assert seen == [2.5, 1.5, 0.5, 0.0]
    assert clock.slept == [1, 1, 0.5]


def test_no_time_is_one_attempt() -> None:
    clock, seen = Clock(), []
    assert poll_until(seen.append, 0, 1, clock, clock.sleep) is None
    assert seen == [0.0]
    assert clock.slept == []


def test_slow_attempts_do_not_extend_the_wait() -> None:
    clock, calls = Clock(), []

    def attempt(left: float) -> None:
        calls.append(left)
        clock.now += 7

    assert poll_until(attempt, 10, 1, clock, clock.sleep) is None
    assert calls == [10, 2]


def test_errors_of_the_attempt_pass() -> None:
    def attempt(left: float) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        poll_until(attempt, 10, 1)
