# SPDX-License-Identifier: Apache-2.0
"""Contract 6.11, 9.2 no. 33; contract 1.2, D3.1: durations."""

from __future__ import annotations

import pytest

from aegis_temporal_worker.interpreter.durations import (
    FALLBACK_SECONDS,
    MOST_SECONDS,
    human_limit_seconds,
    state_limit_seconds,
)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("180s", 180), ("2m", 120), ("1h", 3600), ("1h30m", 5400), (" 1h 30m 5s ", 5405)],
)
def test_state_timeouts(value: str | None, seconds: int | None) -> None:
    """Contract 6.11, 9.2 no. 33: the reference's grammar, and compound forms."""
    assert state_limit_seconds(value) == (seconds, None)


@pytest.mark.parametrize("value", ["soon", "10", "1.5h", 30, "", "٣s", "1d", "-1s", "9" * 10 + "s", "9" * 5000 + "s"])
def test_a_state_timeout_that_is_none_falls_back(value: object) -> None:
    """Contract 6.11: 60 s, with a short warning."""
    seconds, warning = state_limit_seconds(value)
    assert seconds == FALLBACK_SECONDS
    assert warning is not None
    assert len(warning) < 200


@pytest.mark.parametrize("value", ["0s", "0h 0m"])
def test_zero_is_absent(value: str) -> None:
    """Contract 1.2, D3.1: the orchestrator rounds down to ``0s``."""
    assert state_limit_seconds(value) == (None, f"timeout {value!r} is zero and taken as absent")


def test_limits_stay_within_the_calendar() -> None:
    """A deadline beyond the year 9999 could not be written into an event."""
    assert state_limit_seconds("999999999h") == (MOST_SECONDS, None)
    assert human_limit_seconds("999999999weeks") == MOST_SECONDS


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("10m", 600),
        ("1h 30m", 5400),
        ("1hour 12min 5s", 4325),
        ("2days", 172_800),
        ("1500ms", 2),
        ("500ns", 1),
        ("0.5h", 1800),
        ("1week", 604_800),
        ("0s", None),
        ("600", None),
        ("soon", None),
        ("5 parsecs", None),
        ("-5s", None),
        ("", None),
        ("9" * 5000 + "s", None),
    ],
)
def test_resource_timeouts(value: str, seconds: int | None) -> None:
    """Contract 6.11: human durations, rounded up; what cannot be read is the orchestrator's to refuse."""
    assert human_limit_seconds(value) == seconds
